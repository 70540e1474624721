import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES } from "../../core/counters.ts";
import { parseEndpoint } from "../../core/net/endpoint.ts";
import { TxQueue } from "../../core/packet/tx_queue.ts";
import { FakeDarwinKernel, type FakeDarwinOptions } from "../../tests/fakes/darwin_kernel.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { darwinSocketAddress } from "./socket_address.ts";
import { DarwinUdpPort } from "./udp_port_darwin.ts";
import { RECEIVE_FAILED } from "./udp_socket.ts";

function address(text: string): Uint8Array {
  const endpoint = parseEndpoint(text);
  assert.ok(endpoint, text);
  return darwinSocketAddress.encode(endpoint);
}

const A = address("192.168.65.2:40000");
const B = address("192.168.65.3:40000");
const A6 = address("[fd00::2]:40000");

function setUp(options: FakeDarwinOptions & { connected?: boolean } = {}) {
  const kernel = new FakeDarwinKernel(options);
  const memory = new PacketMemory(8 << 20);
  kernel.memory = memory;
  const counters = new Float64Array(COUNTER_BYTES / 8);
  const attachment = {
    descriptor: kernel.libc.socket(2, 2, 0),
    connected: options.connected ?? false,
    offload: true,
  };
  const port = new DarwinUdpPort(memory, attachment, counters, kernel);
  const list = new TxQueue(memory.arena, 256);
  kernel.calls.length = 0;
  const push = (bytes: Uint8Array, endpoint: number) => {
    const at = memory.arena.allocate(bytes.length, 1);
    memory.arena.u8.set(bytes, at);
    list.pushWhole(at, bytes.length);
    list.endpoints[list.count - 1] = endpoint;
  };
  const run = (index: number) => {
    const start = port.messageOffset(index);
    return memory.arena.u8.slice(start, start + port.messageLength(index));
  };
  return { kernel, counters, port, list, push, run };
}

const datagram = (mark: number, length = 100) => new Uint8Array(length).fill(mark);

Deno.test("datagrams go to their endpoints, neighbours to the same one in one call", () => {
  const { kernel, counters, port, list, push } = setUp();
  port.setEndpoint(0, A);
  port.setEndpoint(7, A6);
  push(datagram(1), 0);
  push(datagram(2, 1400), 7);
  push(datagram(3), -1);
  push(datagram(4), 0);
  push(datagram(5), 0);
  push(datagram(6), 0);
  port.send(list);
  assert.deepEqual(kernel.outgoing, [
    { bytes: datagram(1), address: A },
    { bytes: datagram(2, 1400), address: A6 },
    ...[4, 5, 6].map((mark) => ({ bytes: datagram(mark), address: A })),
  ]);
  // Neighbours to the same endpoint are one call.
  assert.deepEqual(kernel.calls, ["sendmsg_x 1", "sendmsg_x 1", "sendmsg_x 3"]);
  assert.equal(counters[Counter["outbound.packets"]], 5);
  assert.equal(counters[Counter["outbound.bytes"]], 1800);
});

Deno.test("a connected socket sends without address", () => {
  const { kernel, port, list, push } = setUp({ connected: true });
  push(datagram(1), 0);
  port.send(list);
  assert.deepEqual(kernel.outgoing, [{ bytes: datagram(1) }]);
});

Deno.test("a list longer than a batch, of which the kernel takes parts, goes out whole and in order", () => {
  for (const options of [{ batchLimit: 10 }, { release: "23.1.0" }]) {
    const { kernel, counters, port, list, push } = setUp(options);
    port.setEndpoint(0, A);
    for (let mark = 0; mark < 150; mark++) push(datagram(mark), 0);
    port.send(list);
    assert.deepEqual(
      kernel.outgoing.map(({ bytes }) => bytes[0]),
      Array.from({ length: 150 }, (_, mark) => mark),
    );
    assert.equal(counters[Counter["outbound.packets"]], 150);
  }
});

/** Refuses what goes to an address. */
const refusing = (to: Uint8Array, number: number) => ({
  refusal: ({ address }: { readonly address?: Uint8Array }) =>
    address !== undefined && address.every((octet, index) => octet === to[index]) ? number : 0,
});

/** Marks of the datagrams that went out, in order. */
const marks = ({ outgoing }: FakeDarwinKernel) => outgoing.map(({ bytes }) => bytes[0]);

const upTo = (count: number) => Array.from({ length: count }, (_, mark) => mark);

// EHOSTDOWN, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL
for (const number of [64, 65, 51, 50, 49]) {
  Deno.test(`nothing is sent twice when the last of a batch has no way (${number})`, () => {
    const { kernel, counters, port, list, push } = setUp(refusing(B, number));
    port.setEndpoint(0, A);
    port.setEndpoint(1, B);
    for (let mark = 0; mark < 63; mark++) push(datagram(mark), 0);
    push(datagram(63), 1);
    port.send(list);
    assert.deepEqual(marks(kernel), upTo(63));
    assert.equal(counters[Counter["outbound.packets"]], 63);
    assert.equal(counters[Counter["drop.sendFailed"]], 1);
    assert.ok(kernel.calls.length <= 5, kernel.calls.join());
  });
}

Deno.test("one bad neighbour costs the others nothing, wherever its datagrams stand", () => {
  const { kernel, counters, port, list, push } = setUp(refusing(B, 65));
  port.setEndpoint(0, A);
  port.setEndpoint(1, B);
  port.setEndpoint(2, A6);
  for (let round = 0; round < 3; round++) {
    list.clear();
    kernel.outgoing.length = 0;
    for (let mark = 0; mark < 60; mark++) push(datagram(mark), mark % 3);
    port.send(list);
    assert.deepEqual(marks(kernel), upTo(60).filter((mark) => mark % 3 !== 1));
  }
  assert.equal(counters[Counter["outbound.packets"]], 3 * 40);
  assert.equal(counters[Counter["drop.sendFailed"]], 3 * 20);
});

Deno.test("what cannot be known to have gone out is not sent again", () => {
  // The neighbour is lost after ten datagrams of the batch: the call fails and does not tell of the ten.
  let left = 11;
  const { kernel, counters, port, list, push } = setUp({ refusal: () => --left > 0 ? 0 : 64 });
  port.setEndpoint(0, A);
  push(datagram(200), 0);
  for (let mark = 0; mark < 30; mark++) push(datagram(mark), 0);
  port.send(list);
  assert.deepEqual(marks(kernel), [200, ...upTo(9)]);
  assert.deepEqual(kernel.calls, ["sendmsg_x 1", "sendmsg_x 30"]);
  assert.equal(counters[Counter["outbound.packets"]], 1);
  assert.equal(counters[Counter["drop.sendFailed"]], 30);
});

Deno.test("a pending error is taken by one more try and costs no datagram", () => {
  for (const number of [61, 35, 4]) {
    const { kernel, counters, port, list, push } = setUp();
    port.setEndpoint(0, A);
    kernel.pendingErrors.push(number);
    for (let mark = 0; mark < 50; mark++) push(datagram(mark), 0);
    port.send(list);
    assert.deepEqual(marks(kernel), upTo(50), `${number}`);
    assert.equal(counters[Counter["drop.sendFailed"]], 0);
  }
});

Deno.test("a connected socket that was refused before sends the whole batch", () => {
  const { kernel, counters, port, list, push } = setUp({ connected: true });
  kernel.socket(port.descriptor).peer = A;
  for (let round = 0; round < 2; round++) {
    list.clear();
    kernel.outgoing.length = 0;
    // ICMP port unreachable, for a datagram of the batch before.
    kernel.pendingErrors.push(61);
    for (let mark = 0; mark < 64; mark++) push(datagram(mark), 0);
    port.send(list);
    assert.deepEqual(marks(kernel), upTo(64));
  }
  assert.equal(counters[Counter["drop.sendFailed"]], 0);
});

Deno.test("a full interface is not waited for: what it has no room for is dropped in one call", () => {
  let room = 5;
  const { kernel, counters, port, list, push } = setUp({ refusal: () => room-- > 0 ? 0 : 55 });
  port.setEndpoint(0, A);
  for (let mark = 0; mark < 64; mark++) push(datagram(mark), 0);
  port.send(list);
  assert.deepEqual(marks(kernel), upTo(5));
  assert.equal(counters[Counter["drop.sendBufferFull"]], 59);
  assert.deepEqual(kernel.calls, ["sendmsg_x 1", "sendmsg_x 63", "sendmsg_x 59"]);
  list.clear();
  room = 100;
  push(datagram(100), 0);
  port.send(list);
  assert.equal(marks(kernel).at(-1), 100);
});

Deno.test("a datagram that is too long is counted, the others go out", () => {
  const { kernel, counters, port, list, push } = setUp({
    refusal: ({ bytes }) => bytes.length > 9000 ? 40 : 0,
  });
  port.setEndpoint(0, A);
  for (let mark = 0; mark < 20; mark++) push(datagram(mark, mark % 5 === 0 ? 9001 : 100), 0);
  port.send(list);
  assert.deepEqual(marks(kernel), upTo(20).filter((mark) => mark % 5 !== 0));
  assert.equal(counters[Counter["drop.sendFailed"]], 4);
  assert.equal(counters[Counter["outbound.packets"]], 16);
});

Deno.test("an address that the kernel calls invalid does not end the batches", () => {
  const { kernel, counters, port, list, push } = setUp(refusing(B, 22));
  port.setEndpoint(0, A);
  port.setEndpoint(1, B);
  push(datagram(1), 1);
  for (let mark = 2; mark < 6; mark++) push(datagram(mark), 0);
  push(datagram(6), 1);
  port.send(list);
  assert.deepEqual(marks(kernel), [2, 3, 4, 5]);
  assert.equal(counters[Counter["drop.sendFailed"]], 2);
  assert.ok(kernel.calls.includes("sendmsg_x 3"), kernel.calls.join());
});

Deno.test("received datagrams come with their senders, batch after batch", () => {
  for (const [release, call] of [["24.6.0", "recvmsg_x 64"], ["22.6.0", "recvmsg"]] as const) {
    const { kernel, port, run } = setUp({ release });
    port.setEndpoint(0, A);
    port.setEndpoint(1, A6);
    for (let round = 0; round < 4; round++) {
      const messages = [
        { bytes: datagram(round, 1400), address: A },
        { bytes: datagram(round + 10, 65507), address: B },
        { bytes: datagram(round + 20, 0), address: A6 },
      ];
      // A shorter address, then a longer one in the same place.
      messages.push(...messages.splice(0, round % 3));
      kernel.incoming.push(...messages);
      assert.equal(port.receive(), 3);
      messages.forEach(({ bytes, address }, index) => {
        assert.deepEqual(run(index), bytes);
        assert.equal(port.messageStride(index), bytes.length);
        assert.deepEqual(port.messageSource(index).subarray(0, address.length), address);
        assert.equal(port.messageIsFrom(index, 0), address === A);
        assert.equal(port.messageIsFrom(index, 1), address === A6);
        assert.equal(port.messageIsTruncated(index), false);
      });
    }
    assert.equal(port.receive(), 0);
    assert.deepEqual([...new Set(kernel.calls)], [call]);
  }
});

Deno.test("a sender differs by port, by address and by family", () => {
  const { kernel, port } = setUp();
  port.setEndpoint(0, A);
  const others = ["192.168.65.2:40001", "192.168.66.2:40000", "[::ffff:192.168.65.2]:40000"];
  kernel.incoming.push(...others.map((text) => ({ bytes: datagram(1), address: address(text) })));
  assert.equal(port.receive(), 3);
  assert.deepEqual([0, 1, 2].map((index) => port.messageIsFrom(index, 0)), [false, false, false]);
  assert.deepEqual([0, 1, 2].map((index) => port.messageIsFrom(index, 3)), [false, false, false]);
});

Deno.test("every IPv6 octet, the scope and the port tell senders apart", () => {
  const { kernel, port } = setUp();
  port.setEndpoint(0, A6);
  for (const octet of [2, 3, ...Array.from({ length: 20 }, (_, index) => 8 + index)]) {
    const other = A6.slice();
    other[octet] = (other[octet] ?? 0) ^ 1;
    kernel.incoming.push({ bytes: datagram(1), address: other });
  }
  assert.equal(port.receive(), 22);
  for (let run = 0; run < 22; run++) assert.equal(port.messageIsFrom(run, 0), false, `run ${run}`);
});

Deno.test("reports of earlier datagrams are nothing, a dead socket is an end", () => {
  const { kernel, port } = setUp();
  for (const number of [35, 61, 65, 4]) {
    kernel.failNext("recvmsg_x", number);
    assert.equal(port.receive(), 0);
  }
  kernel.failNext("recvmsg_x", 9);
  assert.equal(port.receive(), RECEIVE_FAILED);
  assert.equal(port.failure, 9);
});
