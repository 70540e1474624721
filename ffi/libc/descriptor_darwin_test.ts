import assert from "node:assert/strict";
import { FakeDarwinKernel } from "../../tests/fakes/darwin_kernel.ts";
import { closeOnExec, control, openDarwinPipe, setNonblocking } from "./descriptor_darwin.ts";
import type { DarwinLibc } from "./libc_darwin.ts";

const FIONBIO = 0x8004667en;

Deno.test("the stub is asked where there is one, ioctl where there is none", () => {
  for (const missing of [[], ["__ioctl"]] as const) {
    const kernel = new FakeDarwinKernel({ missing });
    const descriptor = kernel.libc.socket(2, 2, 0);
    assert.equal(closeOnExec(kernel.libc, descriptor) && setNonblocking(kernel.libc, descriptor), true);
    const { closeOnExec: closes, nonBlocking } = kernel.socket(descriptor);
    assert.deepEqual([closes, nonBlocking], [true, true]);
    assert.match(kernel.calls.at(-1) ?? "", missing.length === 0 ? /^__ioctl / : /^ioctl /);
  }
});

Deno.test("on arm64 the argument of ioctl comes behind what fills the registers", () => {
  const given: unknown[] = [];
  const argument = new Uint32Array([1]);
  const libc = { __ioctl: null, ioctl: null, ioctlOnStack: (...values: unknown[]) => given.push(...values) };
  control(libc as unknown as DarwinLibc, 3, FIONBIO, argument, "aarch64");
  assert.deepEqual(given, [3, FIONBIO, 0n, 0n, 0n, 0n, 0n, 0n, argument]);
});

Deno.test("where neither is, or it is refused, the caller is told", () => {
  const without = new FakeDarwinKernel({ missing: ["__ioctl", "ioctl"] });
  assert.equal(setNonblocking(without.libc, without.libc.socket(2, 2, 0)), false);
  assert.equal(control(without.libc, 3, FIONBIO, null, "aarch64"), -1);
  const refusing = new FakeDarwinKernel();
  refusing.failNext("__ioctl", 25);
  assert.equal(setNonblocking(refusing.libc, refusing.libc.socket(2, 2, 0)), false);
});

Deno.test("both ends of a pipe stay out of children and never wait", () => {
  const kernel = new FakeDarwinKernel();
  const [first, second] = [kernel.libc.socket(2, 2, 0), kernel.libc.socket(2, 2, 0)];
  assert.deepEqual(openDarwinPipe(kernel), [first, second]);
  for (const end of [first, second]) {
    assert.deepEqual([kernel.socket(end).closeOnExec, kernel.socket(end).nonBlocking], [true, true]);
  }
});
