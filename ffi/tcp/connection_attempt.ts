/**
 * Attempts to connect by TCP that send nothing: whether anything answers at an address. Deno's own sockets would need the
 * permission for the network, which the programs do not have on every runtime.
 *
 * @module
 */
import type { Endpoint } from "../../core/net/endpoint.ts";
import * as darwin from "../libc/constants_darwin.ts";
import * as linux from "../libc/constants_linux.ts";
import { setSocketDefaults } from "../libc/descriptor_darwin.ts";
import { errno, prepareErrno, readErrno } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { darwinSystem } from "../libc/libc_darwin.ts";
import { platform } from "../platform.ts";
import { socketAddressCodec } from "../udp/udp_socket.ts";

/** asm-generic/socket.h; bsd/sys/socket.h of xnu. */
const SO_ERROR = { linux: 4, darwin: 0x1007 } as const;
/** poll.h of both systems. */
const POLLOUT = 4;

const open = () =>
  openLibc({
    ...pick(POSIX, "socket", "connect", "getsockopt", "pollLater", "close"),
    pollNow: { ...POSIX.pollLater, nonblocking: false },
  }).symbols;
let opened: ReturnType<typeof open> | undefined;
/** Opened once: each opening takes memory, which only a late garbage collection gives back. */
const libc = () => opened ??= open();

/** How an attempt ended: something is there, but not on this port, where it is `refused`; `silent` also where there is no way. */
export type AttemptOutcome = "accepted" | "refused" | "silent";

/** An attempt that is under way. Disposal ends it, and closes a connection at once. */
export class ConnectionAttempt implements Disposable {
  readonly #descriptor: number;
  #outcome: AttemptOutcome | undefined;
  #isClosed = false;

  /** Begins to connect. */
  constructor(to: Endpoint) {
    prepareErrno();
    const { family } = to.address;
    const isDarwin = platform.os === "darwin";
    const constants = isDarwin ? darwin : linux;
    const type = linux.SOCK_STREAM | (isDarwin ? 0 : linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK);
    this.#descriptor = libc().socket(family === 4 ? constants.AF_INET : constants.AF_INET6, type, 0);
    const error = this.#descriptor < 0 ? readErrno() : this.#connect(to);
    if (error !== errno.EINPROGRESS) this.#settle(error);
  }

  /** How it has ended; undefined while it is under way. Never waits. */
  outcome(): AttemptOutcome | undefined {
    if (this.#outcome !== undefined || this.#isClosed) return this.#outcome;
    const entry = this.#entry();
    return libc().pollNow(entry, 1, 0) > 0 && entry[1] >>> 16 !== 0 ? this.#read() : undefined;
  }

  /**
   * Waits on another thread until it has ended. The attempt must not be disposed of meanwhile.
   *
   * @param timeoutMs `silent` after so long
   */
  async wait(timeoutMs: number): Promise<AttemptOutcome> {
    if (this.#outcome !== undefined) return this.#outcome;
    // Held until the other thread is done.
    const entry = this.#entry();
    const count = await libc().pollLater(entry, 1, Math.ceil(timeoutMs));
    return count > 0 && entry[1] >>> 16 !== 0 ? this.#read() : "silent";
  }

  [Symbol.dispose](): void {
    if (this.#descriptor >= 0 && !this.#isClosed) libc().close(this.#descriptor);
    this.#isClosed = true;
  }

  /** Returns 0 or why it has not connected. */
  #connect(to: Endpoint): number {
    if (platform.os === "darwin") setSocketDefaults(darwinSystem().libc, this.#descriptor);
    const address = socketAddressCodec(to.address.family).encode(to);
    return libc().connect(this.#descriptor, address, address.length) === 0 ? 0 : readErrno();
  }

  /** struct pollfd {fd i32, events i16, revents i16} */
  #entry(): Int32Array<ArrayBuffer> {
    return Int32Array.of(this.#descriptor, POLLOUT);
  }

  #read(): AttemptOutcome {
    const { SOL_SOCKET } = platform.os === "darwin" ? darwin : linux;
    const error = Int32Array.of(0);
    libc().getsockopt(this.#descriptor, SOL_SOCKET, SO_ERROR[platform.os], error, Uint32Array.of(4));
    return this.#settle(error[0] ?? 0);
  }

  #settle(error: number): AttemptOutcome {
    return this.#outcome = error === 0 ? "accepted" : error === errno.ECONNREFUSED ? "refused" : "silent";
  }
}

/**
 * Tries to connect, and closes the connection at once.
 *
 * @param timeoutMs how long to wait for an answer
 */
export async function attemptConnection(to: Endpoint, timeoutMs: number): Promise<AttemptOutcome> {
  using attempt = new ConnectionAttempt(to);
  return await attempt.wait(timeoutMs);
}
