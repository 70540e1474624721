import assert from "node:assert/strict";
import { formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import { recordedInterface, recordFile, recordInterface } from "./stale_interface.ts";

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  assert.ok(parsed);
  return parsed;
}

async function inFolder(body: (control: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/docker-connector.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const RUN = { name: "utun4", address: address("192.168.251.2"), peer: address("192.168.251.1") };

Deno.test("a run's interface is known as long as the run lasts, and after it was killed", async () => {
  await inFolder(async (control) => {
    assert.equal(await recordedInterface(control), undefined);
    const record = await recordInterface(control, RUN);
    assert.equal(recordFile(control), control.replace(".sock", ".interface"));
    assert.equal(((await Deno.stat(recordFile(control))).mode ?? 0) & 0o777, 0o600);
    // A killed run's is replaced by the next.
    await recordInterface(control, { ...RUN, name: "utun5" });
    const known = await recordedInterface(control);
    assert.deepEqual([known?.name, known && formatAddress(known.peer)], ["utun5", "192.168.251.1"]);
    await record[Symbol.asyncDispose]();
    assert.equal(await recordedInterface(control), undefined);
    await record[Symbol.asyncDispose]();
  });
});

Deno.test("what is no record of this program's is not believed", async () => {
  await inFolder(async (control) => {
    const file = recordFile(control);
    const good = { interface: "utun4", address: "192.168.251.2", peer: "192.168.251.1" };
    for (
      const value of [null, 1, {}, { ...good, interface: "en0" }, { ...good, interface: "utun4; x" }, {
        ...good,
        peer: 1,
      }, { ...good, address: "x" }]
    ) {
      await Deno.writeTextFile(file, JSON.stringify(value));
      assert.equal(await recordedInterface(control), undefined, JSON.stringify(value));
    }
    await Deno.writeTextFile(file, "{");
    assert.equal(await recordedInterface(control), undefined);
    await Deno.writeTextFile(`${file}.other`, JSON.stringify(good));
    await Deno.remove(file);
    await Deno.symlink(`${file}.other`, file);
    assert.equal(await recordedInterface(control), undefined, "a link was followed");
    const record = await recordInterface(control, RUN);
    assert.equal((await recordedInterface(control))?.name, "utun4");
    assert.deepEqual(JSON.parse(await Deno.readTextFile(`${file}.other`)), good);
    await record[Symbol.asyncDispose]();
  });
});

Deno.test("a record that cannot be written is no fault", async () => {
  const record = await recordInterface("/nonexistent/x.sock", RUN);
  await record[Symbol.asyncDispose]();
});
