/**
 * Stream sockets of AF_UNIX: what is written arrives, what is only looked at stays, the end ends a wait, and errors have Darwin's
 * names.
 *
 * @module
 */
import assert from "node:assert/strict";
import { OperationError } from "../../../core/error.ts";
import { SystemError } from "../../../ffi/libc/errno.ts";
import { StreamSocket } from "../../../ffi/stream/stream_socket.ts";

/** Connects to a listener of the test's, and plays both ends. @param isKept asserts what holds of the descriptor */
export async function streamsPass(isKept: (descriptor: number) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/s`;
    assert.throws(
      () => StreamSocket.connect(path),
      (error) => error instanceof SystemError && error.errorName === "ENOENT",
    );
    assert.throws(
      () => StreamSocket.connect("/".padEnd(104, "x")),
      (error) => error instanceof OperationError && /103 is the most/.test(error.message),
    );
    using listener = Deno.listen({ transport: "unix", path });
    using socket = StreamSocket.connect(path);
    using peer = await listener.accept();
    isKept(socket.descriptor);
    await socket.write(Uint8Array.of(7, 7, 7));
    const buffer = new Uint8Array(16);
    assert.equal(await peer.read(buffer), 3);
    const looking = socket.peek(buffer);
    await peer.write(Uint8Array.of(1, 2));
    assert.equal(await looking, 2);
    assert.equal(await socket.read(buffer), 2);
    assert.deepEqual(buffer.subarray(0, 2), Uint8Array.of(1, 2));
    const waiting = socket.read(buffer);
    await new Promise((resolve) => setTimeout(resolve, 0));
    socket.close();
    assert.equal(await waiting, 0);
    assert.equal(await peer.read(buffer), null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
