import assert from "node:assert/strict";
import { darwinErrno } from "./errno_darwin.ts";
import { errno, errnoText, errorName, errorText, prepareErrno, readErrno, SystemError } from "./errno.ts";
import { openLibc, POSIX } from "./libc.ts";
import { linuxErrno } from "./errno_linux.ts";

Deno.test("readErrno gives what the last failed call of this thread left", () => {
  prepareErrno();
  const libc = openLibc({
    close: POSIX.close,
    // int rmdir(const char *path);
    rmdir: { parameters: ["buffer"], result: "i32" },
  });
  const missing = new TextEncoder().encode("/nonexistent/folder\0");
  try {
    for (let round = 0; round < 3; round++) {
      assert.equal(libc.symbols.close(-1), -1);
      assert.equal(readErrno(), errno.EBADF);
      assert.equal(libc.symbols.rmdir(missing), -1);
      assert.equal(readErrno(), errno.ENOENT);
    }
  } finally {
    libc.close();
  }
});

Deno.test("each table gives a number once, and each name has a text", () => {
  for (const table of [linuxErrno, darwinErrno]) {
    const numbers = Object.values(table);
    assert.equal(new Set(numbers).size, numbers.length);
    for (const name of Object.keys(table)) assert.ok(errnoText.has(name), name);
  }
});

Deno.test("numbers become names and texts, also unknown ones", () => {
  assert.equal(errorName(errno.EBUSY), "EBUSY");
  assert.equal(errorText(errno.EBUSY), "device or resource busy");
  assert.equal(errorName(4711), "errno 4711");
  assert.equal(errorText(4711), "unknown error");
});

Deno.test("a SystemError names the call, the error and its meaning", () => {
  const error = new SystemError("ioctl TUNSETIFF", errno.EBUSY);
  assert.equal(error.message, "ioctl TUNSETIFF: EBUSY (device or resource busy)");
  assert.equal(error.errorName, "EBUSY");
  assert.equal(error.errno, errno.EBUSY);
  assert.equal(error.call, "ioctl TUNSETIFF");
});
