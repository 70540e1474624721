/**
 * Messages that carry open files from process to process: SCM_RIGHTS of unix(7), in the form of cmsg(3).
 *
 * @module
 */
import * as linux from "../libc/constants_linux.ts";
import { errno, readErrno, SystemError } from "../libc/errno.ts";
import { linuxUnixSocketCalls } from "../libc/libc_linux.ts";

/** Bytes of a message beside its descriptors; more than one, so that a longer message than is expected shows. */
const DATA_SIZE = 8;
/** Descriptors that there is room for. The kernel closes those that find none, and says so by MSG_CTRUNC. */
const MAX_DESCRIPTORS = 8;

/** `struct msghdr` is the beginning of {@linkcode linux.MMSGHDR}; then a `struct iovec` {base u64, length u64}, data, control. */
const HEADER_SIZE = linux.MMSGHDR.length;
const IOVEC = HEADER_SIZE;
const DATA = IOVEC + 16;
const CONTROL = DATA + DATA_SIZE;
const CONTROL_SIZE = align(linux.CMSG.data + 4 * MAX_DESCRIPTORS);

/** What came through a connection. */
export type Received =
  /** Nothing yet. */
  | { readonly state: "nothing" }
  /** The other end has closed it, or it failed. A message without bytes counts as that too. */
  | { readonly state: "ended" }
  /** A message with its bytes and its open files, which are the receiver's to close. */
  | { readonly state: "message"; readonly bytes: Uint8Array; readonly descriptors: readonly number[] }
  /** A message that was cut, by what was larger than expected. Its files were closed. */
  | { readonly state: "cut" };

/**
 * Sends a message with open files. The other end gets descriptors of its own for them.
 *
 * @param bytes 1 to 8
 * @throws {SystemError} such as EPIPE where the other end has gone
 */
export function sendDescriptors(connection: number, bytes: Uint8Array, descriptors: readonly number[]): void {
  if (bytes.length < 1 || bytes.length > DATA_SIZE || descriptors.length > MAX_DESCRIPTORS) {
    throw new RangeError("the message has no room for that");
  }
  const message = new MessageRoom(bytes.length, linux.CMSG.data + 4 * descriptors.length);
  message.bytes.set(bytes, DATA);
  const { view } = message;
  view.setUint32(CONTROL + linux.CMSG.length, linux.CMSG.data + 4 * descriptors.length, true);
  view.setInt32(CONTROL + linux.CMSG.level, linux.SOL_SOCKET, true);
  view.setInt32(CONTROL + linux.CMSG.type, linux.SCM_RIGHTS, true);
  descriptors.forEach((descriptor, index) =>
    view.setInt32(CONTROL + linux.CMSG.data + 4 * index, descriptor, true)
  );
  while (linuxUnixSocketCalls().sendmsg(connection, message.bytes, linux.MSG_NOSIGNAL) < 0) {
    const number = readErrno();
    if (number !== errno.EINTR) throw new SystemError("sendmsg SCM_RIGHTS", number);
  }
}

/** Takes the next message without waiting. All open files that came with it close when another program is executed. */
export function receiveDescriptors(connection: number): Received {
  const message = new MessageRoom(DATA_SIZE, CONTROL_SIZE);
  const { recvmsg, close } = linuxUnixSocketCalls();
  const length = recvmsg(connection, message.bytes, linux.MSG_DONTWAIT | linux.MSG_CMSG_CLOEXEC);
  if (length < 0) {
    const number = readErrno();
    return { state: number === errno.EAGAIN || number === errno.EINTR ? "nothing" : "ended" };
  }
  const descriptors = message.descriptors();
  const flags = message.view.getInt32(linux.MMSGHDR.flags, true);
  const isCut = (flags & (linux.MSG_TRUNC | linux.MSG_CTRUNC)) !== 0;
  if (length > 0 && !isCut) {
    return { state: "message", bytes: message.bytes.slice(DATA, DATA + length), descriptors };
  }
  for (const descriptor of descriptors) close(descriptor);
  return { state: isCut ? "cut" : "ended" };
}

/** A `struct msghdr` with all that it points to, in one piece of memory that the garbage collector does not move. */
class MessageRoom {
  // The length of a buffer that V8 keeps outside of its heap: those of more than 64 bytes always are.
  readonly bytes = new Uint8Array(new ArrayBuffer(CONTROL + CONTROL_SIZE));
  readonly view = new DataView(this.bytes.buffer);

  constructor(dataLength: number, controlLength: number) {
    const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.bytes));
    const { view } = this;
    view.setBigUint64(IOVEC, start + BigInt(DATA), true);
    view.setBigUint64(IOVEC + 8, BigInt(dataLength), true);
    view.setBigUint64(linux.MMSGHDR.iov, start + BigInt(IOVEC), true);
    view.setBigUint64(linux.MMSGHDR.iovLength, 1n, true);
    view.setBigUint64(linux.MMSGHDR.control, start + BigInt(CONTROL), true);
    view.setBigUint64(linux.MMSGHDR.controlLength, BigInt(controlLength), true);
  }

  /** The descriptors of all control messages, which the kernel wrote. */
  descriptors(): number[] {
    const { view } = this;
    const found: number[] = [];
    const end = CONTROL + Math.min(CONTROL_SIZE, view.getUint32(linux.MMSGHDR.controlLength, true));
    let at = CONTROL;
    while (at + linux.CMSG.data <= end) {
      const length = view.getUint32(at + linux.CMSG.length, true);
      if (length < linux.CMSG.data) break;
      const isRights = view.getInt32(at + linux.CMSG.level, true) === linux.SOL_SOCKET &&
        view.getInt32(at + linux.CMSG.type, true) === linux.SCM_RIGHTS;
      const last = Math.min(end, at + length);
      for (let place = at + linux.CMSG.data; isRights && place + 4 <= last; place += 4) {
        found.push(view.getInt32(place, true));
      }
      at += align(length);
    }
    return found;
  }
}

/** CMSG_ALIGN on LP64 (cmsg(3)). */
function align(length: number): number {
  return (length + 7) & ~7;
}
