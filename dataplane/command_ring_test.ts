import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { WorkerCommand } from "./worker_channel.ts";
import { allocateCommandRing, CommandReader, CommandWriter, RING_CAPACITY } from "./command_ring.ts";

/** Both sides in one thread. */
function open() {
  const buffer = allocateCommandRing();
  let wakes = 0;
  const writer = new CommandWriter(buffer, () => void wakes++);
  return { buffer, writer, reader: new CommandReader(buffer), wakes: () => wakes };
}

/** A field that is undefined is absent on the other side. */
function present<T>(value: T): T {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, present(field)])) as T;
}

const text = (slot: number, length: number): WorkerCommand => ({
  kind: "sessions",
  command: { kind: "text", slot, text: new Uint8Array(length).fill(slot) },
});

Deno.test("commands arrive in order with all that they hold, each with a wake", () => {
  const { writer, reader, wakes } = open();
  const keys = { localIndex: 0xffff_ffff, remoteIndex: 1, initiator: true };
  const sent: WorkerCommand[] = [
    { kind: "ipv6", isOn: true },
    { kind: "endpoint", socketAddress: undefined },
    { kind: "endpoint", socketAddress: Uint8Array.of(2, 0, 9, 207, 10, 0, 0, 1) },
    {
      kind: "sessions",
      command: {
        kind: "keys",
        slot: 1023,
        keys: { send: new Uint8Array(32).fill(7), receive: new Uint8Array(32).fill(8), ...keys },
        endpoint: undefined,
        sendLimit: 2 ** 53 - 2 ** 13 - 1,
        lifetime: 180_000,
      },
    },
    { kind: "sessions", command: { kind: "routes", ranges: Uint32Array.of(0xac10_0000, 0xffff_ffff) } },
    { kind: "sessions", command: { kind: "text", slot: 0, text: new Uint8Array() } },
    { kind: "stop" },
  ];
  assert.equal(reader.next(), undefined);
  for (const command of sent) writer.push(command);
  assert.equal(wakes(), sent.length);
  for (const command of sent) assert.deepEqual(reader.next(), present(command));
  assert.equal(reader.next(), undefined);
});

Deno.test("a Buffer is an array like others", () => {
  const { writer, reader } = open();
  writer.push({ kind: "endpoint", socketAddress: Buffer.from([1, 2, 3]) });
  assert.deepEqual(reader.next(), { kind: "endpoint", socketAddress: Uint8Array.of(1, 2, 3) });
});

Deno.test("nothing of a command stays in the shared memory once it was read", () => {
  const { buffer, writer, reader } = open();
  writer.push(text(0xa5, 1000));
  assert.ok(new Uint8Array(buffer).includes(0xa5));
  assert.ok(reader.next());
  assert.ok(new Uint8Array(buffer, 8).every((octet) => octet === 0));
});

Deno.test("the ring goes round many times, and its counts wrap", () => {
  const { buffer, writer, reader } = open();
  new Int32Array(buffer, 0, 2).fill(0x7fff_fff0);
  for (let round = 0; round < 400; round++) {
    writer.push(text(round & 0xff, 1 + round * 37 % 9000));
    assert.deepEqual(reader.next(), text(round & 0xff, 1 + round * 37 % 9000));
  }
});

Deno.test("what has no room waits for it, in order, also a command longer than the ring", async () => {
  const { writer, reader } = open();
  const lengths = [RING_CAPACITY / 2, RING_CAPACITY / 2, 3 * RING_CAPACITY, 1, RING_CAPACITY, 0];
  lengths.forEach((length, slot) => writer.push(text(slot, length)));
  for (const [slot, length] of lengths.entries()) {
    let command = reader.next();
    while (command === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      command = reader.next();
    }
    assert.deepEqual(command, text(slot, length));
  }
  assert.equal(reader.next(), undefined);
});

Deno.test("a writer that is disposed of leaves no timer behind", () => {
  const { writer } = open();
  writer.push(text(1, 2 * RING_CAPACITY));
  writer[Symbol.dispose]();
});
