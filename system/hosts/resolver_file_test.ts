import assert from "node:assert/strict";
import { join } from "node:path";
import { formatAddress } from "../../core/net/address.ts";
import { address } from "../../tests/literals.ts";
import { readHostsFile } from "./hosts_file.ts";
import { NameServers, readNameServers } from "./resolver_file.ts";

Deno.test("the first three name servers are read; the machine's own where there is none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "resolv.conf");
    const read = async () => (await readNameServers(file)).map(formatAddress);
    assert.deepEqual(await read(), ["127.0.0.1"]);
    await Deno.writeTextFile(
      file,
      "# x\nsearch a.test\nnameserver 10.0.0.1\n nameserver\tfd00::1\nnameserver nonsense\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n",
    );
    assert.deepEqual(await read(), ["10.0.0.1", "fd00::1", "10.0.0.3"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("this program's own addresses are left out, and the file is not read for each query", async () => {
  let [now, reads] = [0, 0];
  const servers = new NameServers(() => [address("192.168.251.1")], () => now, () => {
    reads++;
    return Promise.resolve([address("192.168.251.1"), address("10.0.0.1")]);
  });
  assert.deepEqual(await servers.list(), ["10.0.0.1"]);
  await servers.list();
  assert.equal(reads, 1);
  now = 5_000;
  await servers.list();
  assert.equal(reads, 2);
});

Deno.test("a hosts file that is not there, a folder, a device and one too large are refused", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "hosts");
    await assert.rejects(readHostsFile(file), /Cannot read hosts file .*hosts: not found/);
    await assert.rejects(readHostsFile(folder), /no regular file/);
    await assert.rejects(readHostsFile("/dev/zero"), /no regular file/);
    await Deno.writeFile(file, new Uint8Array((1 << 20) + 1));
    await assert.rejects(readHostsFile(file), /larger than 1048576 bytes/);
    await Deno.writeTextFile(file, "127.0.0.1 a.test\n");
    assert.equal(await readHostsFile(file), "127.0.0.1 a.test\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
