import assert from "node:assert/strict";
import { O_CLOEXEC, SOCK_SEQPACKET } from "../libc/constants_linux.ts";
import { linuxUnixSocketCalls } from "../libc/libc_linux.ts";
import { receiveDescriptors, sendDescriptors } from "./descriptor_passing_linux.ts";
import { calls, countOf, Ends, flagsOf, onLinux, readText, writeText } from "./pipe_fixture.ts";
import { closeDescriptor } from "./seqpacket_socket_linux.ts";

// Opened once for the thread's life, so no test opens it.
if (!onLinux.ignore) {
  linuxUnixSocketCalls();
  calls();
}

const ONE = new Uint8Array([1]);

Deno.test("open files cross a socket with a message, and close on exec (needs Linux)", onLinux, () => {
  using socket = Ends.sockets(SOCK_SEQPACKET);
  using first = Ends.pipe();
  using second = Ends.pipe();
  assert.deepEqual(receiveDescriptors(socket.read), { state: "nothing" });
  sendDescriptors(socket.write, new Uint8Array([4, 5]), [first.read, second.write]);
  const received = receiveDescriptors(socket.read);
  assert.equal(received.state, "message");
  if (received.state !== "message") return;
  assert.deepEqual([...received.bytes], [4, 5]);
  const [input = -1, output = -1] = received.descriptors;
  assert.equal(received.descriptors.length, 2);
  writeText(first.write, "in");
  assert.equal(readText(input), "in");
  writeText(output, "out");
  assert.equal(readText(second.read), "out");
  for (const descriptor of [input, output]) {
    assert.equal(flagsOf(descriptor) & O_CLOEXEC, O_CLOEXEC);
    closeDescriptor(descriptor);
  }
});

Deno.test("a message without open files, and one with other numbers of them (needs Linux)", onLinux, () => {
  using socket = Ends.sockets(SOCK_SEQPACKET);
  using pipe = Ends.pipe();
  writeText(socket.write, "x");
  assert.deepEqual(receiveDescriptors(socket.read), {
    state: "message",
    bytes: new Uint8Array([0x78]),
    descriptors: [],
  });
  for (const count of [0, 1, 3, 8]) {
    sendDescriptors(socket.write, ONE, new Array(count).fill(pipe.read));
    const received = receiveDescriptors(socket.read);
    assert.equal(received.state === "message" && received.descriptors.length, count);
    if (received.state === "message") received.descriptors.forEach(closeDescriptor);
  }
  assert.throws(() => sendDescriptors(socket.write, ONE, new Array(9).fill(pipe.read)), RangeError);
  assert.throws(() => sendDescriptors(socket.write, new Uint8Array(), []), RangeError);
});

Deno.test("a message that is cut leaves no file open (needs Linux)", onLinux, () => {
  using socket = Ends.sockets(SOCK_SEQPACKET);
  using pipe = Ends.pipe();
  const before = countOf(pipe.read);
  sendMany(socket.write, "x", new Array(20).fill(pipe.read));
  assert.deepEqual(receiveDescriptors(socket.read), { state: "cut" }, "more files than there is room for");
  sendMany(socket.write, "x".repeat(9), [pipe.read]);
  assert.deepEqual(receiveDescriptors(socket.read), { state: "cut" }, "more bytes than there is room for");
  sendMany(socket.write, "", [pipe.read]);
  assert.deepEqual(receiveDescriptors(socket.read), { state: "ended" }, "no bytes");
  assert.equal(countOf(pipe.read), before);
});

Deno.test("an end that has gone is told at both sides (needs Linux)", onLinux, () => {
  using socket = Ends.sockets(SOCK_SEQPACKET);
  using pipe = Ends.pipe();
  socket.close("write");
  assert.deepEqual(receiveDescriptors(socket.read), { state: "ended" });
  assert.throws(() => sendDescriptors(socket.read, ONE, [pipe.read]), /EPIPE/);
  assert.throws(() => sendDescriptors(socket.read, ONE, [0x7fff_ffff]), /EBADF/);
  assert.deepEqual(receiveDescriptors(pipe.read), { state: "ended" }, "no socket at all");
});

/** Sends any text with any open files, as another program might: the struct is laid out here once more. */
function sendMany(socket: number, text: string, descriptors: readonly number[]): void {
  const [iovec, data, control] = [56, 72, 96];
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  bytes.set(new TextEncoder().encode(text), data);
  const words: [number, number | bigint][] = [
    [16, start + BigInt(iovec)],
    [24, 1],
    [32, start + BigInt(control)],
    [40, 16 + 4 * descriptors.length],
    [iovec, start + BigInt(data)],
    [iovec + 8, text.length],
    [control, 16 + 4 * descriptors.length],
  ];
  for (const [at, value] of words) view.setBigUint64(at, BigInt(value), true);
  view.setInt32(control + 8, 1, true);
  view.setInt32(control + 12, 1, true);
  descriptors.forEach((descriptor, index) => view.setInt32(control + 16 + 4 * index, descriptor, true));
  assert.equal(linuxUnixSocketCalls().sendmsg(socket, bytes, 0), text.length);
}
