import assert from "node:assert/strict";
import { IOVEC_SIZE } from "../memory/arena.ts";
import { gather, openArena, readIovec } from "../offload/frame_fixture.ts";
import { HEADER_CAPACITY, IOVECS_PER_DATAGRAM, TxQueue } from "./tx_queue.ts";

Deno.test("a datagram is a header and a payload, each where it lies", () => {
  const { arena } = openArena(65536);
  const data = arena.allocate(256, 64);
  arena.u8.fill(7, data, data + 256);
  const list = new TxQueue(arena, 3);
  assert.equal(list.free, 3);

  const header = list.nextHeader;
  assert.equal(header % 64, 0);
  arena.u8.set([1, 2, 3, 4], header);
  list.pushSegment(4, data + 10, 5);
  list.pushWhole(data, 20);
  const at = (index: number) => list.iovecs + index * IOVECS_PER_DATAGRAM * IOVEC_SIZE;
  assert.deepEqual(gather(arena, at(0), 2), Uint8Array.from([1, 2, 3, 4, 7, 7, 7, 7, 7]));
  assert.deepEqual(readIovec(arena, at(1)), { offset: data, length: 20 });
  assert.equal(gather(arena, at(1), 2).length, 20);
  assert.deepEqual([...list.lengths], [9, 20, 0]);
  assert.deepEqual([...list.headers.subarray(0, 2)], [header, data]);
  assert.equal(list.nextHeader, header + HEADER_CAPACITY);
  assert.deepEqual([list.count, list.free], [2, 1]);
});

Deno.test("a cleared list begins again, with no endpoint of before", () => {
  const { arena } = openArena(65536);
  const list = new TxQueue(arena, 2);
  const first = list.nextHeader;
  list.pushSegment(20, first, 0);
  list.endpoints[0] = -1;
  list.clear();
  assert.deepEqual([list.count, list.free, list.nextHeader], [0, 2, first]);
  list.pushWhole(first, 20);
  assert.equal(list.endpoints[0], 0);
  list.endpoints[0] = 5;
  list.clear();
  list.pushSegment(20, first, 0);
  assert.equal(list.endpoints[0], 0);
});

Deno.test("a large packet is marked, and nothing that takes its place later", () => {
  const { arena } = openArena(65536);
  const list = new TxQueue(arena, 2);
  const data = arena.allocate(256, 64);
  list.pushLarge(data, 200);
  list.pushWhole(data, 100);
  assert.deepEqual([...list.large], [1, 0]);
  assert.deepEqual([list.lengths[0], list.headers[0], list.endpoints[0]], [200, data, 0]);
  assert.deepEqual(readIovec(arena, list.iovecs), { offset: data, length: 200 });
  assert.deepEqual(readIovec(arena, list.iovecs + IOVEC_SIZE).length, 0);
  list.clear();
  list.pushSegment(20, data, 10);
  list.pushLarge(data, 200);
  assert.deepEqual([...list.large], [0, 1]);
});

Deno.test("a long header takes several rooms, of which there are as many as datagrams", () => {
  const { arena } = openArena(65536);
  const list = new TxQueue(arena, 8);
  const first = list.nextHeader;
  assert.deepEqual([list.hasRoom(8, HEADER_CAPACITY), list.hasRoom(9, 1)], [true, false]);
  assert.deepEqual([list.hasRoom(4, HEADER_CAPACITY + 1), list.hasRoom(5, HEADER_CAPACITY + 1)], [
    true,
    false,
  ]);
  list.pushSegment(HEADER_CAPACITY + 1, first, 0);
  assert.equal(list.nextHeader, first + 2 * HEADER_CAPACITY);
  assert.deepEqual([list.hasRoom(6, HEADER_CAPACITY), list.hasRoom(7, HEADER_CAPACITY)], [true, false]);
  assert.deepEqual([list.canHold(7, HEADER_CAPACITY), list.canHold(5, 2 * HEADER_CAPACITY)], [true, false]);
  list.clear();
  assert.ok(list.hasRoom(8, HEADER_CAPACITY));
});
