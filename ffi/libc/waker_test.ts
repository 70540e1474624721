import assert from "node:assert/strict";
import { PacketMemory } from "./packet_memory.ts";
import { Poller } from "./poll.ts";
import { openWaker, WakeListener } from "./waker.ts";

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
    import { WakeListener } from "${new URL("./waker.ts", import.meta.url)}";
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
