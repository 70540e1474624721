import assert from "node:assert/strict";
import { O_NONBLOCK, O_RDWR, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../libc/constants_linux.ts";
import { cString } from "../libc/libc.ts";
import { linuxUnixSocketCalls } from "../libc/libc_linux.ts";
import { enlargePipe, isByteStream, makeNonBlocking } from "./byte_stream_linux.ts";
import { calls, Ends, flagsOf, onLinux } from "./pipe_fixture.ts";

// Opened once for the thread's life, so no test opens it.
if (!onLinux.ignore) {
  linuxUnixSocketCalls();
  calls();
}

const uses = (descriptor: number) =>
  (["read", "write"] as const).filter((use) => isByteStream(descriptor, use));

Deno.test("pipes are byte streams in their direction, stream sockets in both (needs Linux)", onLinux, () => {
  using pipe = Ends.pipe();
  using stream = Ends.sockets(SOCK_STREAM);
  assert.deepEqual(uses(pipe.read), ["read"]);
  assert.deepEqual(uses(pipe.write), ["write"]);
  assert.deepEqual(uses(stream.read), ["read", "write"]);
});

Deno.test(
  "files, devices, other sockets and closed descriptors are none (needs Linux)",
  onLinux,
  async () => {
    using datagrams = Ends.sockets(SOCK_DGRAM);
    using packets = Ends.sockets(SOCK_SEQPACKET);
    const file = await Deno.makeTempFile();
    const opened = [file, "/dev/null", "/dev/ptmx"].map((path) => calls().open(cString(path), O_RDWR));
    try {
      for (const descriptor of [...opened, datagrams.read, packets.read, -1, 0x7fff_ffff]) {
        assert.deepEqual(uses(descriptor), [], String(descriptor));
      }
    } finally {
      for (const descriptor of opened) calls().close(descriptor);
      await Deno.remove(file);
    }
  },
);

Deno.test("a descriptor that does not block returns at once (needs Linux)", onLinux, () => {
  using pipe = Ends.pipe();
  makeNonBlocking(pipe.read);
  assert.equal(flagsOf(pipe.read) & O_NONBLOCK, O_NONBLOCK);
  assert.equal(flagsOf(pipe.write) & O_NONBLOCK, 0, "the other end is another open file");
  assert.throws(() => makeNonBlocking(0x7fff_ffff), /EBADF/);
});

Deno.test(
  "a pipe holds more where the kernel allows it, and never less than before (needs Linux)",
  onLinux,
  () => {
    using pipe = Ends.pipe();
    using stream = Ends.sockets(SOCK_STREAM);
    // 64 KiB by default (pipe(7)); any user may have 256 KiB of one pipe.
    assert.equal(enlargePipe(pipe.write, 262_144), 262_144);
    assert.equal(enlargePipe(pipe.read, 4096), 262_144);
    assert.equal(enlargePipe(pipe.read, 0x7fff_ffff), 262_144, "more than is possible");
    assert.equal(enlargePipe(stream.read, 262_144), undefined);
  },
);
