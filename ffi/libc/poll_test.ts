import assert from "node:assert/strict";
import { PacketMemory } from "./packet_memory.ts";
import { Poller } from "./poll.ts";
import { openWaker } from "./waker.ts";

Deno.test("of several descriptors those that are ready are told", () => {
  using a = openWaker();
  using b = openWaker();
  using c = openWaker();
  using poller = new Poller(new PacketMemory(65536), [a.descriptor, b.descriptor, c.descriptor]);
  const ready = () => [0, 1, 2].map((index) => poller.isReady(index));
  assert.deepEqual(ready(), [false, false, false], "before the first wait");
  b.signal();
  poller.wait(1000);
  assert.deepEqual(ready(), [false, true, false]);
  a.signal();
  poller.wait(1000);
  assert.deepEqual(ready(), [true, true, false]);
});

Deno.test("a wait that times out leaves nothing ready", () => {
  using wake = openWaker();
  using poller = new Poller(new PacketMemory(65536), [wake.descriptor]);
  const start = performance.now();
  poller.wait(20);
  assert.ok(performance.now() - start >= 15);
  assert.equal(poller.isReady(0), false);
});

Deno.test("a descriptor that is none is ready: a read will tell", () => {
  using poller = new Poller(new PacketMemory(65536), [0x7fff_ffff]);
  poller.wait(1000);
  assert.equal(poller.isReady(0), true);
});

Deno.test("two pollers share a memory", () => {
  const memory = new PacketMemory(65536);
  using a = openWaker();
  using b = openWaker();
  using first = new Poller(memory, [a.descriptor]);
  using second = new Poller(memory, [b.descriptor]);
  b.signal();
  first.wait(0);
  second.wait(0);
  assert.deepEqual([first.isReady(0), second.isReady(0)], [false, true]);
});

Deno.test("a place without a descriptor is never ready, and takes one later", () => {
  using a = openWaker();
  using b = openWaker();
  using poller = new Poller(new PacketMemory(65536), [a.descriptor, -1]);
  a.signal();
  b.signal();
  poller.wait(1000);
  assert.deepEqual([poller.isReady(0), poller.isReady(1)], [true, false]);
  poller.replace(1, b.descriptor);
  poller.wait(1000);
  assert.deepEqual([poller.isReady(0), poller.isReady(1)], [true, true]);
  poller.replace(1, -1);
  assert.equal(poller.isReady(1), false, "at once, not after the next wait");
  poller.wait(0);
  assert.equal(poller.isReady(1), false);
});
