import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import { asRootOnLinux } from "../netlink/private_network_fixture.ts";
import { linuxAddressInfo, readAddressInfo, resolveHost } from "./resolve.ts";
import { darwinAddressInfo } from "./resolve_darwin.ts";

Deno.test("a literal address is its own answer", async () => {
  assert.deepEqual((await resolveHost("192.0.2.1")).map(formatAddress), ["192.0.2.1"]);
  assert.deepEqual((await resolveHost("2001:db8::1")).map(formatAddress), ["2001:db8::1"]);
});

Deno.test("an IPv4-mapped literal is the IPv4 address", async () => {
  assert.deepEqual((await resolveHost("::ffff:192.0.2.1")).map(formatAddress), ["192.0.2.1"]);
});

Deno.test("the zone of a link-local address becomes its interface's number", async () => {
  const interfaces = await resolveHost("fe80::1%1");
  assert.deepEqual(interfaces.map(formatAddress), ["fe80::1%1"]);
  const loopback = Deno.build.os === "darwin" ? "lo0" : "lo";
  assert.deepEqual((await resolveHost(`fe80::1%${loopback}`)).map(formatAddress), ["fe80::1%1"]);
  const error = await resolveHost("fe80::1%none0").then(() => undefined, (error) => error);
  assert.ok(error instanceof OperationError);
});

Deno.test("localhost is found without a name server, each address once", async () => {
  const addresses = (await resolveHost("localhost")).map(formatAddress);
  assert.ok(addresses.includes("127.0.0.1"), addresses.join());
  assert.equal(new Set(addresses).size, addresses.length);
});

Deno.test("many look-ups at once keep apart", async () => {
  const names = ["127.1", "127.2", "127.3", "127.4"];
  const found = await Promise.all(names.map(async (name) => (await resolveHost(name)).map(formatAddress)));
  assert.deepEqual(found, [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.3"], ["127.0.0.4"]]);
});

Deno.test("a name that cannot be one is not known, and nothing behind a NUL is cut off", async () => {
  for (const name of ["", "127.0.0.1\0.example"]) {
    const error = await resolveHost(name).then(() => undefined, (error) => error);
    assert.ok(error instanceof OperationError);
    assert.equal(error.code, "unavailable");
    assert.match(error.message, /^Cannot resolve host .*: not known$/);
  }
});

/** A list of struct addrinfo as it would lie in memory, with the buffers that hold it. */
function addressInfoList(system: "linux" | "darwin"): { list: Deno.PointerValue; memory: Uint8Array[] } {
  const inet6 = system === "linux" ? [10, 0] : [28, 30];
  const inet = system === "linux" ? [2, 0] : [16, 2];
  const v6 = Uint8Array.from([...inet6, 0, 0, 9, 9, 9, 9, 0xfd, ...new Array(14).fill(0), 1, 3, 0, 0, 0]);
  const v4 = Uint8Array.from([...inet, 0, 0, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
  const memory: Uint8Array[] = [v6, v4];
  let next = 0n;
  for (
    const [family, socketAddress] of [[2, v4], [2, v4], [77, v4], [system === "linux" ? 10 : 30, v6]] as const
  ) {
    const entry = new Uint8Array(48);
    const view = new DataView(entry.buffer);
    view.setInt32(4, family, true);
    view.setUint32(16, socketAddress.length, true);
    const pointer = Deno.UnsafePointer.value(Deno.UnsafePointer.of(socketAddress));
    view.setBigUint64(system === "linux" ? 24 : 32, BigInt(pointer), true);
    view.setBigUint64(40, next, true);
    memory.push(entry);
    next = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(entry)));
  }
  return { list: Deno.UnsafePointer.create(next), memory };
}

for (const [system, layout] of [["linux", linuxAddressInfo], ["darwin", darwinAddressInfo]] as const) {
  Deno.test(`the list of ${system} is read in order, without repetitions and other families`, () => {
    const { list, memory } = addressInfoList(system);
    assert.deepEqual(readAddressInfo(list, layout).map(formatAddress), ["fd00::1%3", "192.0.2.7"]);
    assert.equal(memory.length, 6);
  });
}

Deno.test(
  "names are resolved by name server without blocking the event loop (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(
        `${folder}/resolv.conf`,
        "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n",
      );
      const expected = {
        "both.test": "192.0.2.7 2001:db8::7",
        "four.test": "192.0.2.8",
        "gone.test": "unavailable: Cannot resolve host gone.test: not known",
        "empty.test": "unavailable: Cannot resolve host empty.test: not known",
        "broken.test": "unavailable: Cannot resolve host broken.test: no name server answers",
      };
      const script = `ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"`;
      const file = (path: string) => fileURLToPath(import.meta.resolve(path));
      const deno = [Deno.execPath(), "run", "-A", "--cached-only", "--config", file("../../deno.json")];
      const { stdout, stderr } = await new Deno.Command("unshare", {
        args: [
          "--net",
          "--mount",
          "sh",
          "-c",
          script,
          `${folder}/resolv.conf`,
          ...deno,
          file("./resolve_fixture.ts"),
        ]
          .concat(Object.keys(expected)),
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.notEqual(text, "", new TextDecoder().decode(stderr));
      assert.deepEqual(JSON.parse(text), Object.values(expected));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
