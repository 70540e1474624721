/**
 * Unix sockets that keep the bounds of messages, SOCK_SEQPACKET of unix(7): what is passed comes whole or not at all. All of them
 * close when another program is executed.
 *
 * @module
 */
import * as linux from "../libc/constants_linux.ts";
import { errno, readErrno, SystemError, throwOnError } from "../libc/errno.ts";
import { linuxUnixSocketCalls } from "../libc/libc_linux.ts";
import { unixSocketAddress } from "./socket_path_linux.ts";

/** Connections that the kernel holds until they are accepted. */
const BACKLOG = 16;
/** Only the owner may connect (unix(7): write permission). */
const OWNER_ALONE = 0o600;

/**
 * Listens at a path where nothing is. The file has the mode 0600 from its first moment on.
 *
 * @returns a descriptor that does not block
 * @throws {SystemError} EADDRINUSE where there is a file, dead or not; EACCES, ENOENT and others
 * @throws {RangeError} as {@linkcode unixSocketAddress}
 */
export function listenAt(path: string): number {
  const calls = linuxUnixSocketCalls();
  const address = unixSocketAddress(path);
  const descriptor = openSocket(linux.SOCK_NONBLOCK);
  try {
    // Before bind: the file that bind makes takes its mode from the socket (unix_bind_bsd of net/unix/af_unix.c).
    throwOnError("fchmod AF_UNIX", calls.fchmod(descriptor, OWNER_ALONE));
    throwOnError("bind AF_UNIX", calls.bind(descriptor, address, address.length));
    throwOnError("listen AF_UNIX", calls.listen(descriptor, BACKLOG));
    return descriptor;
  } catch (error) {
    calls.close(descriptor);
    throw error;
  }
}

/**
 * Accepts a connection.
 *
 * @returns a descriptor that does not block; undefined when none waits
 * @throws {SystemError} such as EMFILE
 */
export function acceptConnection(listener: number): number | undefined {
  const { accept4 } = linuxUnixSocketCalls();
  for (;;) {
    const descriptor = accept4(listener, null, null, linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC);
    if (descriptor >= 0) return descriptor;
    const number = readErrno();
    if (number === errno.EAGAIN) return undefined;
    if (number !== errno.EINTR) throw new SystemError("accept4 AF_UNIX", number);
  }
}

/**
 * The effective user of the process that connected, at that moment (unix(7), SO_PEERCRED).
 *
 * @throws {SystemError}
 */
export function peerUser(connection: number): number {
  // struct ucred {i32 pid, u32 uid, u32 gid} (linux/socket.h)
  const credentials = new Uint32Array(3);
  getOption(connection, linux.SO_PEERCRED, credentials);
  return credentials[1];
}

/** The effective user of this process. */
export function ownUser(): number {
  return linuxUnixSocketCalls().geteuid();
}

/**
 * Connects to a socket.
 *
 * @param timeout what waits for the other end: milliseconds of this and each further call on the descriptor; 0: nothing waits
 * @throws {SystemError} ENOENT and ECONNREFUSED where nobody listens, EPROTOTYPE for another kind of socket, EAGAIN when the other
 * end did not accept in time
 * @throws {RangeError} as {@linkcode unixSocketAddress}
 */
export function connectTo(path: string, timeout: number): number {
  const calls = linuxUnixSocketCalls();
  const address = unixSocketAddress(path);
  const descriptor = openSocket(timeout === 0 ? linux.SOCK_NONBLOCK : 0);
  try {
    if (timeout > 0) setTimeouts(descriptor, timeout);
    throwOnError("connect AF_UNIX", calls.connect(descriptor, address, address.length));
    return descriptor;
  } catch (error) {
    calls.close(descriptor);
    throw error;
  }
}

/**
 * Sets how long sending and receiving wait: so many milliseconds, or for ever with 0 (socket(7), SO_RCVTIMEO).
 *
 * @throws {SystemError}
 */
export function setTimeouts(descriptor: number, milliseconds: number): void {
  // struct timeval {i64 seconds, i64 microseconds}
  const time = new BigInt64Array([
    BigInt(Math.trunc(milliseconds / 1000)),
    BigInt(milliseconds % 1000) * 1000n,
  ]);
  for (const option of [linux.SO_SNDTIMEO, linux.SO_RCVTIMEO]) {
    const result = linuxUnixSocketCalls().setsockopt(
      descriptor,
      linux.SOL_SOCKET,
      option,
      time,
      time.byteLength,
    );
    throwOnError(`setsockopt ${option}`, result);
  }
}

/** The type of a socket, such as SOCK_STREAM; undefined for what is none. */
export function socketType(descriptor: number): number | undefined {
  const type = new Uint32Array(1);
  try {
    getOption(descriptor, linux.SO_TYPE, type);
    return type[0];
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

/** Sends a message of a few bytes without waiting. That the other end has gone shows where the connection is waited for. */
export function sendBytes(connection: number, bytes: Uint8Array<ArrayBuffer>): void {
  linuxUnixSocketCalls().send(connection, bytes, bytes.length, linux.MSG_NOSIGNAL | linux.MSG_DONTWAIT);
}

/** Waits for the next message, and gives its first byte; undefined when the connection has ended, or not in time. */
export function receiveByte(connection: number): number | undefined {
  const room = new Uint8Array(1);
  for (;;) {
    const length = linuxUnixSocketCalls().recv(connection, room, room.length, 0);
    if (length > 0) return room[0];
    if (length === 0 || readErrno() !== errno.EINTR) return undefined;
  }
}

/** Closes a descriptor. */
export function closeDescriptor(descriptor: number): void {
  linuxUnixSocketCalls().close(descriptor);
}

function openSocket(flags: number): number {
  const type = linux.SOCK_SEQPACKET | linux.SOCK_CLOEXEC | flags;
  return throwOnError("socket AF_UNIX", linuxUnixSocketCalls().socket(linux.AF_UNIX, type, 0));
}

function getOption(descriptor: number, option: number, value: Uint32Array<ArrayBuffer>): void {
  const length = new Uint32Array([value.byteLength]);
  const result = linuxUnixSocketCalls().getsockopt(descriptor, linux.SOL_SOCKET, option, value, length);
  throwOnError(`getsockopt ${option}`, result);
}
