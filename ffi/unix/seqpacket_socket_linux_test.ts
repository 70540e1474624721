import assert from "node:assert/strict";
import { SOCK_SEQPACKET } from "../libc/constants_linux.ts";
import { linuxUnixSocketCalls } from "../libc/libc_linux.ts";
import { onLinux } from "./pipe_fixture.ts";
import {
  acceptConnection,
  closeDescriptor,
  connectTo,
  listenAt,
  ownUser,
  peerUser,
  receiveByte,
  sendBytes,
  setTimeouts,
  socketType,
} from "./seqpacket_socket_linux.ts";

// Opened once for the thread's life, so no test opens it.
if (!onLinux.ignore) linuxUnixSocketCalls();

function withPath(test: (path: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await test(`${folder}/socket`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

Deno.test(
  "a listening socket's file is its owner's alone, whatever the umask (needs Linux)",
  onLinux,
  withPath((path) => {
    const before = Deno.umask(0);
    try {
      const listener = listenAt(path);
      assert.equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
      closeDescriptor(listener);
    } finally {
      Deno.umask(before);
    }
  }),
);

Deno.test(
  "a connection tells whose it is, and messages cross it (needs Linux)",
  onLinux,
  withPath((path) => {
    const listener = listenAt(path);
    assert.equal(acceptConnection(listener), undefined, "nobody has connected yet");
    const outer = connectTo(path, 5000);
    const inner = acceptConnection(listener) ?? assert.fail("no connection");
    assert.equal(peerUser(inner), Deno.uid());
    assert.equal(ownUser(), Deno.uid());
    assert.equal(socketType(inner), SOCK_SEQPACKET);
    sendBytes(inner, new Uint8Array([7, 8]));
    sendBytes(inner, new Uint8Array([9]));
    assert.equal(receiveByte(outer), 7);
    assert.equal(receiveByte(outer), 9, "the rest of a message is gone");
    setTimeouts(outer, 20);
    assert.equal(receiveByte(outer), undefined, "nothing in time");
    setTimeouts(outer, 0);
    closeDescriptor(inner);
    assert.equal(receiveByte(outer), undefined, "the end");
    sendBytes(outer, new Uint8Array([1]));
    for (const descriptor of [outer, listener]) closeDescriptor(descriptor);
  }),
);

Deno.test(
  "where nobody listens, connecting and listening say why not (needs Linux)",
  onLinux,
  withPath((path) => {
    assert.throws(() => connectTo(path, 0), /ENOENT/);
    closeDescriptor(listenAt(path));
    assert.throws(() => connectTo(path, 0), /ECONNREFUSED/);
    assert.throws(() => listenAt(path), /EADDRINUSE/);
    assert.throws(() => listenAt(`${path}/x`), /ENOTDIR/);
  }),
);

Deno.test(
  "with connections that nobody accepts, a further one does not wait for ever (needs Linux)",
  onLinux,
  withPath((path) => {
    const listener = listenAt(path);
    const waiting: number[] = [];
    assert.throws(() => {
      for (let count = 0; count < 100; count++) waiting.push(connectTo(path, 0));
    }, /EAGAIN/);
    assert.throws(() => connectTo(path, 20), /EAGAIN/);
    for (const descriptor of [...waiting, listener]) closeDescriptor(descriptor);
  }),
);
