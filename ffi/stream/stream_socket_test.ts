import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { withDeadline } from "../../tests/topology/wait.ts";
import { SystemError } from "../libc/errno.ts";
import { StreamSocket } from "./stream_socket.ts";

/** A listener on a path, and a socket that is connected to it. */
async function withPair(
  body: (socket: StreamSocket, peer: Deno.UnixConn) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/s`;
    using listener = Deno.listen({ transport: "unix", path });
    using socket = StreamSocket.connect(path);
    const peer = await listener.accept() as Deno.UnixConn;
    try {
      await body(socket, peer);
    } finally {
      closeOnce(peer);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Closes a connection that the test may have closed already. */
function closeOnce(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function readText(source: Pick<Deno.Conn, "read">, length: number): Promise<string> {
  const buffer = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = await source.read(buffer.subarray(at));
    if (count === null || count === 0) break;
    at += count;
  }
  return new TextDecoder().decode(buffer.subarray(0, at));
}

Deno.test("bytes go both ways, and what was only looked at is still there", () =>
  withPair(async (socket, peer) => {
    await socket.write(bytesOf("there"));
    assert.equal(await readText(peer, 5), "there");
    const buffer = new Uint8Array(16);
    const looking = socket.peek(buffer);
    await peer.write(bytesOf("back"));
    assert.equal(await looking, 4);
    assert.equal(await socket.read(buffer.subarray(0, 2)), 2);
    assert.equal(await socket.read(buffer.subarray(2)), 2);
    assert.deepEqual(buffer.subarray(0, 4), bytesOf("back"));
  }));

Deno.test("more than the buffers hold is written while the other end reads", () =>
  withPair(async (socket, peer) => {
    const length = 8 << 20;
    const written = socket.write(new Uint8Array(length).fill(120));
    const text = await readText(peer, length);
    await written;
    assert.equal(text.length, length);
  }));

Deno.test("the end of the other end is told, and a write after it fails", () =>
  withPair(async (socket, peer) => {
    const reading = socket.read(new Uint8Array(1));
    peer.close();
    assert.equal(await reading, 0);
    await assert.rejects(
      socket.write(bytesOf("x")),
      (error) => error instanceof SystemError && error.errorName === "EPIPE",
    );
  }));

Deno.test("closing ends a wait, and the other end sees it", () =>
  withPair(async (socket, peer) => {
    const reading = socket.read(new Uint8Array(1));
    // The wait is on another thread by then.
    await new Promise((resolve) => setTimeout(resolve, 0));
    socket.close();
    socket.close();
    assert.equal(await reading, 0);
    assert.equal(await socket.peek(new Uint8Array(1)), 0);
    await assert.rejects(socket.write(bytesOf("x")), SystemError);
    assert.equal(await readText(peer, 1), "");
  }));

Deno.test("where nobody listens the error says which", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.throws(() => StreamSocket.connect(`${folder}/none`), /connect AF_UNIX: ENOENT/);
    await Deno.writeTextFile(`${folder}/file`, "");
    assert.throws(() => StreamSocket.connect(`${folder}/file`), /AF_UNIX: (?:ECONNREFUSED|ENOTSOCK)/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a path that no socket can have is refused in words", () => {
  for (
    const [path, state] of [["/".padEnd(200, "x"), /200 bytes/], ["a\0b", /not a path/], [
      "",
      /not a path/,
    ]] as const
  ) {
    assert.throws(
      () => StreamSocket.connect(path),
      (error) => error instanceof OperationError && error.code === "io" && state.test(error.message),
      path,
    );
  }
});

Deno.test("programs that are started do not inherit it, and no call on it waits (needs Linux)", {
  ignore: Deno.build.os !== "linux",
}, () =>
  withPair(async (socket) => {
    const flags = /flags:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/self/fdinfo/${socket.descriptor}`))
      ?.[1];
    // O_NONBLOCK 04000, O_CLOEXEC 02000000 (asm-generic/fcntl.h).
    assert.equal(parseInt(flags ?? "", 8) & 0o2004000, 0o2004000);
  }));

Deno.test("the buffers hold more than the system's default (needs root on Linux)", {
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
}, () =>
  withPair(async (socket) => {
    // net.core.wmem_default is 212,992 bytes: without a larger buffer this waits for the reader.
    await withDeadline("the write", socket.write(new Uint8Array(300_000)), 5_000);
  }));
