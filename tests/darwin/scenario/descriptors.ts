/**
 * What is looked at wherever the scenario opens a descriptor: why that failed, and how it is set.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SystemError } from "../../../ffi/libc/errno.ts";

/** The name under which an error of `open` is told. */
export function errorOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    assert.ok(error instanceof SystemError, String(error));
    return error.errorName;
  }
  return "none";
}

/** Neither children nor the packet loop may be held up by the descriptor (O_CLOEXEC, O_NONBLOCK of Linux). */
export function isKeptToItself(descriptor: number): void {
  const text = Deno.readTextFileSync(`/proc/self/fdinfo/${descriptor}`);
  const flags = parseInt(/^flags:\s+([0-7]+)$/m.exec(text)?.[1] ?? "", 8);
  assert.equal(flags & 0o2004000, 0o2004000, `descriptor ${descriptor} has flags ${flags.toString(8)}`);
}
