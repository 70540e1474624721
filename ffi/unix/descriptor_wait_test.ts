import assert from "node:assert/strict";
import { DescriptorWait } from "./descriptor_wait.ts";
import { calls, Ends, onLinux, writeText } from "./pipe_fixture.ts";

// Opened once for the thread's life, so no test opens it.
if (!onLinux.ignore) {
  calls();
  using wait = new DescriptorWait();
  wait.interrupt();
  await wait.ready([]);
}

Deno.test(
  "of several descriptors those that are ready are told, an ended one too (needs Linux)",
  onLinux,
  async () => {
    using wait = new DescriptorWait();
    using a = Ends.pipe();
    using b = Ends.pipe();
    using c = Ends.pipe();
    const waiting = wait.ready([a.read, -1, b.read, c.read]);
    writeText(b.write, "x");
    assert.deepEqual(await waiting, [false, false, true, false]);
    c.close("write");
    assert.deepEqual(await wait.ready([a.read, c.read]), [false, true]);
  },
);

Deno.test("an interruption ends a wait, or the next one, and only one (needs Linux)", onLinux, async () => {
  using wait = new DescriptorWait();
  using pipe = Ends.pipe();
  wait.interrupt();
  wait.interrupt();
  assert.deepEqual(await wait.ready([pipe.read]), [false]);
  const waiting = wait.ready([pipe.read]);
  wait.interrupt();
  assert.deepEqual(await waiting, [false]);
  const last = wait.ready([pipe.read]);
  writeText(pipe.write, "x");
  assert.deepEqual(await last, [true]);
});

Deno.test("a wait ends when it is disposed of (needs Linux)", onLinux, async () => {
  using pipe = Ends.pipe();
  const wait = new DescriptorWait();
  const waiting = wait.ready([pipe.read]);
  wait[Symbol.dispose]();
  wait[Symbol.dispose]();
  wait.interrupt();
  assert.deepEqual(await waiting, [false]);
});
