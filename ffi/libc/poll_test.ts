import assert from "node:assert/strict";
import { PacketMemory } from "./packet_memory.ts";
import { openWaker, Poller, WakeListener } from "./poll.ts";

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

Deno.test("a signal makes the descriptor ready until it is cleared, however many there were", () => {
  using wake = openWaker();
  using receiver = new WakeListener(wake.descriptor);
  using poller = new Poller(new PacketMemory(65536), [wake.descriptor]);
  for (const signals of [1, 3]) {
    poller.wait(0);
    assert.equal(poller.isReady(0), false);
    for (let signal = 0; signal < signals; signal++) wake.signal();
    poller.wait(1000);
    assert.equal(poller.isReady(0), true);
    poller.wait(0);
    assert.equal(poller.isReady(0), true, "not before it is cleared");
    receiver.drain();
  }
  poller.wait(0);
  assert.equal(poller.isReady(0), false);
});

Deno.test("clearing without a signal does not wait", () => {
  using wake = openWaker();
  using receiver = new WakeListener(wake.descriptor);
  receiver.drain();
  wake.signal();
  using poller = new Poller(new PacketMemory(65536), [wake.descriptor]);
  poller.wait(1000);
  assert.equal(poller.isReady(0), true);
});

Deno.test("another thread that waits without end is woken", async () => {
  using wake = openWaker();
  const source = `
    import { PacketMemory } from "${new URL("./packet_memory.ts", import.meta.url)}";
    import { Poller } from "${new URL("./poll.ts", import.meta.url)}";
    import { WakeListener } from "${new URL("./poll.ts", import.meta.url)}";
    using receiver = new WakeListener(${wake.descriptor});
    using poller = new Poller(new PacketMemory(65536), [receiver.descriptor]);
    self.postMessage("waits");
    poller.wait(-1);
    self.postMessage(poller.isReady(0) ? "woken" : "returned for nothing");`;
  const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
  const worker = new Worker(url, { type: "module" });
  try {
    const next = () => new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
    assert.equal(await next(), "waits");
    const woken = next();
    wake.signal();
    assert.equal(await woken, "woken");
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
});
