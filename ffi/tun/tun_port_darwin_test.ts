import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES } from "../../core/counters.ts";
import { superFrame } from "../../core/offload/frame_fixture.ts";
import { noise, type PacketFields, plainTcp, plainUdp } from "../../core/offload/packets_fixture.ts";
import { segmentTwin } from "../../core/offload/segment_twin_fixture.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { LARGE_HEADER, writeLargeHeader } from "../../core/protocol/stream_frame.ts";
import { FakeDarwinKernel, type FakeDarwinOptions } from "../../tests/fakes/darwin_kernel.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { BATCH_FULL, DEVICE_ERROR, WOULD_BLOCK } from "./tun.ts";
import { DarwinTunPort } from "./tun_port_darwin.ts";

const ipv4 = (mark: number, length = 40) => new Uint8Array(length).fill(mark).fill(0x45, 0, 1);
const ipv6 = (mark: number, length = 60) => new Uint8Array(length).fill(mark).fill(0x60, 0, 1);
/** The packet behind its family as the kernel sends and takes it. */
const record = (packet: Uint8Array) =>
  Uint8Array.of(0, 0, 0, (packet[0] ?? 0) >> 4 === 4 ? 0x02 : 0x1e, ...packet);

function setUp(options: FakeDarwinOptions = {}, capacity = 256) {
  const kernel = new FakeDarwinKernel(options);
  const memory = new PacketMemory(8 << 20);
  kernel.memory = memory;
  const counters = new Float64Array(COUNTER_BYTES / 8);
  const port = new DarwinTunPort(memory, kernel.libc.socket(32, 2, 2), counters, kernel);
  const list = new TxQueue(memory.arena, capacity);
  kernel.calls.length = 0;
  const contents = () =>
    Array.from({ length: list.count }, (_, index) => {
      const start = list.headers[index] ?? 0;
      return memory.arena.u8.slice(start, start + (list.lengths[index] ?? 0));
    });
  /** Puts packets into free memory, without room before them. */
  const place = (packet: Uint8Array) => {
    const at = memory.arena.allocate(packet.length, 1);
    memory.arena.u8.set(packet, at);
    return at;
  };
  return { kernel, memory, counters, port, list, contents, place };
}

Deno.test("a batch of packets is read in one call, without their families", () => {
  const { kernel, port, list, contents } = setUp();
  const packets = [ipv4(1), ipv6(2), ipv4(3, 1400)];
  kernel.incoming.push(...packets.map((packet) => ({ bytes: record(packet) })));
  assert.equal(port.read(list), 3);
  assert.deepEqual(contents(), packets);
  // A batch that is not full was the last: no call is made to find nothing.
  assert.equal(port.read(list), WOULD_BLOCK);
  assert.deepEqual(kernel.calls, ["recvmsg_x 64"]);
});

Deno.test("packets start at multiples of 64 and keep their largest length", () => {
  const { kernel, port, list, contents } = setUp();
  const largest = ipv4(9, 65535);
  kernel.incoming.push({ bytes: record(largest) }, { bytes: record(ipv4(1)) });
  port.read(list);
  assert.deepEqual(contents()[0], largest);
  assert.deepEqual([...list.headers.subarray(0, 2)].map((start) => start % 64), [0, 0]);
});

Deno.test("reading goes on after a batch was used up", () => {
  const { kernel, port, list, contents } = setUp();
  for (let round = 0; round < 5; round++) {
    kernel.incoming.push({ bytes: record(ipv4(round)) }, { bytes: record(ipv4(round + 100)) });
    assert.equal(port.read(list), 2);
    assert.deepEqual(contents(), [ipv4(round), ipv4(round + 100)]);
    list.clear();
    port.release();
  }
  assert.deepEqual([...new Set(kernel.calls)], ["recvmsg_x 64"]);
});

Deno.test("full slots and a full list are told apart from an empty device", () => {
  const many = setUp();
  many.kernel.incoming.push(...Array.from({ length: 65 }, (_, index) => ({ bytes: record(ipv4(index)) })));
  assert.equal(many.port.read(many.list), 64);
  assert.equal(many.port.read(many.list), BATCH_FULL);
  many.port.release();
  assert.equal(many.port.read(many.list), 1);
  const narrow = setUp({}, 2);
  narrow.kernel.incoming.push(...[1, 2, 3].map((mark) => ({ bytes: record(ipv4(mark)) })));
  assert.equal(narrow.port.read(narrow.list), 2);
  assert.equal(narrow.port.read(narrow.list), BATCH_FULL);
  assert.equal(narrow.kernel.incoming.length, 1);
});

Deno.test("no more packets are read than there is room for, whatever their lengths", () => {
  const { kernel, port, list } = setUp();
  kernel.incoming.push(...Array.from({ length: 40 }, (_, at) => ({ bytes: record(ipv4(at, 16_000)) })));
  // One packet of 65,535 bytes has room in any case: four of these.
  assert.equal(port.read(list, true, 1), 4);
  assert.equal(port.read(list, true, 100_000), 10);
  assert.equal(port.read(list, true, 1 << 30), 26);
  assert.deepEqual(kernel.calls, ["recvmsg_x 4", "recvmsg_x 10", "recvmsg_x 50"]);
});

Deno.test("records that are no IP packet are dropped and counted", () => {
  const { kernel, port, list, contents, counters } = setUp();
  kernel.incoming.push(
    { bytes: record(ipv4(1)) },
    { bytes: Uint8Array.of(2, 0, 0, 0, ...ipv4(2)) },
    { bytes: Uint8Array.of(0, 0, 0, 2) },
    { bytes: Uint8Array.of(0, 0, 0, 17, ...ipv4(3)) },
    { bytes: record(ipv4(4)) },
  );
  assert.equal(port.read(list), 2);
  assert.deepEqual(contents(), [ipv4(1), ipv4(4)]);
  assert.equal(counters[Counter["drop.malformed"]], 3);
});

Deno.test("releases with unsafe batches, and systems without them, read one packet a call", () => {
  for (
    const options of [{ release: "22.6.0" }, { missing: ["recvmsg_x", "sendmsg_x"] }] as FakeDarwinOptions[]
  ) {
    const { kernel, port, list, contents } = setUp(options);
    kernel.incoming.push({ bytes: record(ipv4(1)) }, { bytes: record(ipv4(2, 1400)) });
    assert.equal(port.read(list), 2);
    assert.equal(port.read(list), WOULD_BLOCK);
    assert.deepEqual(contents(), [ipv4(1), ipv4(2, 1400)]);
    assert.deepEqual(kernel.calls, ["recvmsg", "recvmsg", "recvmsg"]);
  }
});

Deno.test("a release whose batches mind another reader gets them without flags, on a socket that never waits", () => {
  for (const [release, flags] of [["24.5.0", 0], ["24.6.0", 0x80]] as const) {
    const { kernel, port, list } = setUp({ release });
    kernel.incoming.push({ bytes: record(ipv4(1)) }, { bytes: record(ipv4(2)) });
    assert.equal(port.read(list), 2);
    assert.deepEqual(kernel.batchFlags, [flags]);
    assert.equal(kernel.socket(3).nonBlocking, flags === 0);
  }
});

Deno.test("a batch call that the kernel does not take is given up for plain ones", () => {
  const { kernel, port, list } = setUp();
  kernel.failNext("recvmsg_x", 22);
  kernel.incoming.push({ bytes: record(ipv4(1)) });
  assert.equal(port.read(list), 1);
  port.release();
  kernel.incoming.push({ bytes: record(ipv4(2)) });
  assert.equal(port.read(list), 1);
  assert.deepEqual(kernel.calls, ["recvmsg_x 64", "recvmsg", "recvmsg", "recvmsg", "recvmsg"]);
});

Deno.test("an interface that was taken away is reported", () => {
  const removed = setUp();
  removed.kernel.incoming.push({ bytes: new Uint8Array() });
  assert.equal(removed.port.read(removed.list), DEVICE_ERROR);
  assert.equal(removed.port.failure, 6);
  const defunct = setUp();
  defunct.kernel.failNext("recvmsg_x", 57);
  assert.equal(defunct.port.read(defunct.list), DEVICE_ERROR);
  assert.equal(defunct.port.failure, 57);
});

Deno.test("a passing fault of a read is nothing, one that stays is the end", () => {
  const { kernel, port, list } = setUp();
  for (const number of [35, 4, 55, 99]) {
    kernel.failNext("recvmsg_x", number);
    assert.equal(port.read(list), WOULD_BLOCK);
  }
  let reads = 0;
  do kernel.failNext("recvmsg_x", 99); while (port.read(list) === WOULD_BLOCK && ++reads < 1000);
  assert.ok(reads < 100);
  assert.equal(port.failure, 99);
});

Deno.test("packets are written behind their family in one call, wherever they lie", () => {
  const { kernel, memory, port, place } = setUp();
  const packets = [ipv4(1), ipv6(2), ipv4(3, 1401)];
  const before = memory.arena.u8.slice();
  const places = packets.map(place);
  for (const [index, packet] of packets.entries()) port.write(places[index] ?? 0, packet.length);
  assert.deepEqual(kernel.outgoing, []);
  port.flush();
  assert.deepEqual(kernel.outgoing, packets.map((packet) => ({ bytes: record(packet) })));
  // The first call of all is to see whether the kernel has it.
  assert.deepEqual(kernel.calls, ["sendmsg_x 1", "sendmsg_x 2"]);
  const start = places[0] ?? 0;
  assert.deepEqual(memory.arena.u8.slice(start - 64, start), before.slice(start - 64, start));
  port.flush();
  assert.equal(kernel.calls.length, 2);
});

/** Places a large packet behind its 8 octets; their place and the bytes of all. */
function placeLarge({ memory }: { memory: PacketMemory }, fields: PacketFields, size: number) {
  const { virtio, packet } = superFrame(fields, size);
  const at = memory.arena.allocate(LARGE_HEADER + packet.length + 1, 1) + 1;
  writeLargeHeader(memory.arena.u8, at, virtio.type, virtio.headerLength, size, virtio.checksumStart);
  memory.arena.u8.set(packet, at + LARGE_HEADER);
  return [at, LARGE_HEADER + packet.length] as const;
}

for (
  const [what, changes] of [
    ["IPv4", {}],
    ["IPv6", { source: noise(16, 3), destination: noise(16, 4) }],
  ] as const
) {
  Deno.test(`a large packet of TCP over ${what} is written in packets of 16,000 octets at most`, () => {
    const { kernel, memory, port } = setUp();
    const fields = { ...plainTcp, ...changes, payload: noise(60_000, 1) };
    port.writeLarge(...placeLarge({ memory }, fields, 1448));
    port.flush();
    // Eleven segments of the sender fit into each.
    const expected = segmentTwin(superFrame(fields, 11 * 1448));
    assert.ok(expected.every(({ length }) => length <= 16_000) && expected.length === 4);
    assert.deepEqual(kernel.outgoing, expected.map((packet) => ({ bytes: record(packet) })));
  });
}

Deno.test("large packets and others go out together, in order", () => {
  const { kernel, memory, port, place } = setUp();
  const large = { ...plainTcp, payload: noise(30_000, 1) };
  port.write(place(ipv4(1)), 40);
  port.writeLarge(...placeLarge({ memory }, large, 1448));
  port.writeLarge(...placeLarge({ memory }, large, 1448));
  port.write(place(ipv4(2)), 40);
  assert.deepEqual(kernel.outgoing, []);
  port.flush();
  const cut = segmentTwin(superFrame(large, 11 * 1448));
  const expected = [ipv4(1), ...cut, ...cut, ipv4(2)];
  assert.deepEqual(kernel.outgoing, expected.map((packet) => ({ bytes: record(packet) })));
  assert.deepEqual(kernel.calls, ["sendmsg_x 1", "sendmsg_x 5"]);
});

Deno.test("more segments than there is room for go out in order", () => {
  const { kernel, memory, port, counters } = setUp();
  const datagrams = { ...plainUdp, payload: noise(60_000, 1) };
  // Datagrams of UDP are not joined: 750 each, and room for 1,366.
  for (let count = 0; count < 3; count++) port.writeLarge(...placeLarge({ memory }, datagrams, 80));
  port.flush();
  const cut = segmentTwin(superFrame(datagrams, 80));
  const expected = [...cut, ...cut, ...cut].map((packet) => ({ bytes: record(packet) }));
  assert.deepEqual(kernel.outgoing, expected);
  assert.equal(counters[Counter["drop.tunWriteFailed"]], 0);
});

Deno.test("more packets than one call takes go out in order", () => {
  const { kernel, port, place } = setUp({ batchLimit: 50 });
  const packets = Array.from({ length: 150 }, (_, index) => ipv4(index));
  for (const packet of packets) port.write(place(packet), packet.length);
  port.flush();
  assert.deepEqual(kernel.outgoing.map(({ bytes }) => bytes[5]), packets.map((packet) => packet[1]));
});

Deno.test("one refused packet is counted, the others go out", () => {
  const { kernel, port, place, counters } = setUp();
  kernel.failNext("sendmsg_x", 4, 55);
  for (let mark = 1; mark <= 4; mark++) port.write(place(ipv4(mark)), 40);
  port.flush();
  assert.deepEqual(kernel.outgoing.map(({ bytes }) => bytes[5]), [2, 3, 4]);
  assert.equal(counters[Counter["drop.tunWriteFailed"]], 1);
});

Deno.test("no packet is written twice when the interface goes in the middle of a batch", () => {
  // A utun's socket is connected; ENOTCONN and EPIPE hide how many packets went in before.
  for (const number of [57, 32, 28]) {
    let left = 21;
    const { kernel, port, place, counters } = setUp({ refusal: () => --left > 0 ? 0 : number });
    kernel.socket(port.descriptor).peer = new Uint8Array(32);
    for (let mark = 0; mark < 64; mark++) port.write(place(ipv4(mark)), 40);
    port.flush();
    assert.deepEqual(
      kernel.outgoing.map(({ bytes }) => bytes[5]),
      Array.from({ length: 20 }, (_, mark) => ipv4(mark)[1]),
    );
    assert.equal(counters[Counter["drop.tunWriteFailed"]], 63);
    assert.deepEqual(kernel.calls, ["sendmsg_x 1", "sendmsg_x 63"]);
  }
});

Deno.test("a batch call that refuses what goes out alone is not used again", () => {
  const { kernel, port, place, counters } = setUp();
  kernel.failNext("sendmsg_x", 22);
  for (let mark = 1; mark <= 3; mark++) port.write(place(ipv4(mark)), 40);
  port.flush();
  assert.deepEqual(kernel.calls, ["sendmsg_x 1", "sendmsg", "sendmsg", "sendmsg"]);
  assert.equal(kernel.outgoing.length, 3);
  assert.equal(counters[Counter["drop.tunWriteFailed"]], 0);
});

Deno.test("what has neither IP version is not written", () => {
  const { kernel, port, place, counters } = setUp();
  port.write(place(new Uint8Array(40).fill(0x50)), 40);
  port.flush();
  assert.deepEqual(kernel.outgoing, []);
  assert.equal(counters[Counter["drop.malformed"]], 1);
});
