import assert from "node:assert/strict";
import { isSocketPath, unixSocketAddress } from "./socket_path_linux.ts";

Deno.test("a path becomes a struct sockaddr_un, closed by a zero", () => {
  const address = unixSocketAddress("/run/\u00e9");
  assert.equal(address.length, 110);
  assert.deepEqual([...address.subarray(0, 10)], [1, 0, 0x2f, 0x72, 0x75, 0x6e, 0x2f, 0xc3, 0xa9, 0]);
});

Deno.test("what does not fit an address, or would name no file, is no socket's path", () => {
  assert.equal(isSocketPath("a".repeat(107)), true);
  assert.equal(unixSocketAddress("a".repeat(107)).at(-1), 0);
  for (const path of ["", "a".repeat(108), "\u00e9".repeat(54), "\0name", "a\0b"]) {
    assert.equal(isSocketPath(path), false, JSON.stringify(path));
    assert.throws(() => unixSocketAddress(path), RangeError);
  }
});
