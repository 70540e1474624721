/**
 * The datagrams of a netlink socket, through the C library.
 *
 * @module
 */

import { errno, prepareErrno, readErrno } from "../libc/errno.ts";
import {
  AF_NETLINK,
  MSG_TRUNC,
  SO_RCVTIMEO,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
} from "../libc/constants_linux.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { SystemError } from "../libc/system_error.ts";
import { NETLINK, type NetlinkProtocol } from "./constants.ts";

/** The kernel never fills more than 32 KiB in a dump; twice that leaves room for a single large answer. */
const RECEIVE_BUFFER_LENGTH = 64 * 1024;

/** Seconds that one receive waits before it gives up. */
const RECEIVE_TIMEOUT_S = 5;

const symbols = pick(POSIX, "socket", "connect", "setsockopt", "send", "recv", "close");

/** What carries netlink datagrams to the kernel and back. */
export interface NetlinkTransport extends Disposable {
  /** Hands one datagram to the kernel. */
  send(datagram: Uint8Array<ArrayBuffer>): void;
  /** Waits for the next datagram, within a bound. The bytes hold until the next call. */
  receive(): Uint8Array;
}

/**
 * Opens a netlink socket in the calling thread's network namespace. Needs no privilege.
 *
 * @param protocol what it speaks
 * @throws {SystemError} when the kernel refuses; EPROTONOSUPPORT when it does not know the protocol
 */
export function openNetlinkTransport(protocol: NetlinkProtocol): NetlinkTransport {
  prepareErrno();
  const library = openLibc(symbols);
  const descriptor = library.symbols.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (descriptor < 0) {
    const code = readErrno();
    library.close();
    throw new SystemError("socket AF_NETLINK", code);
  }
  const transport = new SocketTransport(library, descriptor);
  try {
    transport.configure();
    return transport;
  } catch (error) {
    transport[Symbol.dispose]();
    throw error;
  }
}

class SocketTransport implements NetlinkTransport {
  readonly #library: Deno.DynamicLibrary<typeof symbols>;
  readonly #descriptor: number;
  readonly #buffer = new Uint8Array(RECEIVE_BUFFER_LENGTH);
  #open = true;

  constructor(library: Deno.DynamicLibrary<typeof symbols>, descriptor: number) {
    this.#library = library;
    this.#descriptor = descriptor;
  }

  configure(): void {
    // struct timeval {i64 seconds, i64 microseconds}
    this.#setOption(SOL_SOCKET, SO_RCVTIMEO, new BigInt64Array([BigInt(RECEIVE_TIMEOUT_S), 0n]));
    // Errors come without a copy of the request, which keeps a full batch's answers small.
    this.#setOption(NETLINK.SOL, NETLINK.CAP_ACK, new Int32Array([1]));
    // struct sockaddr_nl {family u16, pad u16, port u32 = 0: the kernel, groups u32}. A connected socket takes
    // messages from the kernel alone; connecting also binds it to a free port.
    const kernel = new Uint8Array(12);
    new DataView(kernel.buffer).setUint16(0, AF_NETLINK, true);
    if (this.#library.symbols.connect(this.#descriptor, kernel, kernel.length) < 0) {
      throw new SystemError("connect AF_NETLINK", readErrno());
    }
  }

  #setOption(level: number, name: number, value: BigInt64Array<ArrayBuffer> | Int32Array<ArrayBuffer>): void {
    if (this.#library.symbols.setsockopt(this.#descriptor, level, name, value, value.byteLength) < 0) {
      throw new SystemError(`setsockopt AF_NETLINK ${level}/${name}`, readErrno());
    }
  }

  send(datagram: Uint8Array<ArrayBuffer>): void {
    while (this.#library.symbols.send(this.#descriptor, datagram, datagram.length, 0) < 0) {
      const code = readErrno();
      if (code !== errno.EINTR) throw new SystemError("send AF_NETLINK", code);
    }
  }

  receive(): Uint8Array {
    // With MSG_TRUNC `recv` returns the datagram's whole length even where the buffer is shorter.
    const buffer = this.#buffer;
    for (;;) {
      const length = this.#library.symbols.recv(this.#descriptor, buffer, buffer.length, MSG_TRUNC);
      if (length > buffer.length) throw new SystemError("recv AF_NETLINK", errno.EMSGSIZE);
      if (length >= 0) return buffer.subarray(0, length);
      const code = readErrno();
      if (code === errno.EINTR) continue;
      throw new SystemError("recv AF_NETLINK", code === errno.EAGAIN ? errno.ETIMEDOUT : code);
    }
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#library.symbols.close(this.#descriptor);
    this.#library.close();
  }
}
