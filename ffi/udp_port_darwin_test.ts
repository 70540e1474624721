import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES } from "../core/counters.ts";
import { parseEndpoint } from "../core/net/endpoint.ts";
import { DatagramList } from "../core/packet/datagram_list.ts";
import { FakeDarwinKernel, type FakeDarwinOptions } from "../tests/fakes/darwin_kernel.ts";
import { PacketMemory } from "./packet_memory.ts";
import { darwinSocketAddress } from "./socket_address_darwin.ts";
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
  const list = new DatagramList(memory.arena, 256);
  kernel.calls.length = 0;
  const push = (bytes: Uint8Array, endpoint: number) => {
    const at = memory.arena.allocate(bytes.length, 1);
    memory.arena.u8.set(bytes, at);
    list.pushWhole(at, bytes.length);
    list.endpoints[list.count - 1] = endpoint;
  };
  const run = (index: number) => {
    const start = port.runOffset(index);
    return memory.arena.u8.slice(start, start + port.runLength(index));
  };
  return { kernel, counters, port, list, push, run };
}

const datagram = (mark: number, length = 100) => new Uint8Array(length).fill(mark);

Deno.test("datagrams go to their endpoints in one call", () => {
  const { kernel, counters, port, list, push } = setUp();
  port.setEndpoint(0, A);
  port.setEndpoint(7, A6);
  push(datagram(1), 0);
  push(datagram(2, 1400), 7);
  push(datagram(3), -1);
  push(datagram(4), 0);
  port.send(list);
  assert.deepEqual(kernel.outgoing, [
    { bytes: datagram(1), address: A },
    { bytes: datagram(2, 1400), address: A6 },
    { bytes: datagram(4), address: A },
  ]);
  assert.deepEqual(kernel.calls, ["sendmsg_x 3"]);
  assert.equal(counters[Counter["outbound.packets"]], 3);
  assert.equal(counters[Counter["outbound.bytes"]], 1600);
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

Deno.test("a full interface is given one short pause in a list, then datagrams are dropped", () => {
  const { kernel, counters, port, list, push } = setUp();
  port.setEndpoint(0, A);
  for (let mark = 1; mark <= 3; mark++) push(datagram(mark), 0);
  kernel.failNext("sendmsg_x", 55, 55, 55);
  port.send(list);
  assert.deepEqual(kernel.outgoing.map(({ bytes }) => bytes[0]), [3]);
  assert.equal(counters[Counter["drop.sendBufferFull"]], 2);
  assert.equal(kernel.calls.filter((call) => call.startsWith("usleep")).length, 1);
  list.clear();
  push(datagram(4), 0);
  kernel.failNext("sendmsg_x", 55);
  port.send(list);
  assert.equal(kernel.outgoing.length, 2);
});

Deno.test("a datagram that is too long or has no route is counted, the others go out", () => {
  const { kernel, counters, port, list, push } = setUp();
  port.setEndpoint(0, A);
  for (let mark = 1; mark <= 4; mark++) push(datagram(mark), 0);
  kernel.failNext("sendmsg_x", 40, 65, 35);
  port.send(list);
  assert.deepEqual(kernel.outgoing.map(({ bytes }) => bytes[0]), [4]);
  assert.equal(counters[Counter["drop.sendRefused"]], 2);
  assert.equal(counters[Counter["drop.sendBufferFull"]], 1);
  assert.equal(counters[Counter["outbound.packets"]], 1);
});

Deno.test("an address that the kernel calls invalid does not end the batches", () => {
  const { kernel, counters, port, list, push } = setUp();
  port.setEndpoint(0, A);
  push(datagram(1), 0);
  push(datagram(2), 0);
  kernel.failNext("sendmsg_x", 22);
  kernel.failNext("sendmsg", 22);
  port.send(list);
  assert.deepEqual(kernel.calls, ["sendmsg_x 2", "sendmsg", "sendmsg_x 1"]);
  assert.equal(counters[Counter["drop.sendRefused"]], 1);
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
        assert.equal(port.runSegment(index), bytes.length);
        assert.deepEqual(port.runSource(index).subarray(0, address.length), address);
        assert.equal(port.runIsFrom(index, 0), address === A);
        assert.equal(port.runIsFrom(index, 1), address === A6);
        assert.equal(port.runIsTruncated(index), false);
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
  assert.deepEqual([0, 1, 2].map((index) => port.runIsFrom(index, 0)), [false, false, false]);
  assert.deepEqual([0, 1, 2].map((index) => port.runIsFrom(index, 3)), [false, false, false]);
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
  for (let run = 0; run < 22; run++) assert.equal(port.runIsFrom(run, 0), false, `run ${run}`);
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
