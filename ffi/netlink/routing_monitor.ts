/**
 * Tells that links, addresses or routes have changed, by the multicast groups of rtnetlink.
 *
 * The wait is a poll(2) on another thread: nothing runs as long as nothing changes, and the calling thread goes on.
 *
 * @module
 */
import { errno, prepareErrno, readErrno } from "../libc/errno.ts";
import { AF_NETLINK, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_RAW } from "../libc/constants_linux.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { SystemError } from "../libc/system_error.ts";
import { openWaker, type Waker } from "../libc/waker.ts";
import { NETLINK, RTMGRP } from "./constants.ts";

const POLLIN = 1;
/** Messages that one look reads away; the rest makes the next wait end at once. */
const MAX_READS = 4096;

/** Milliseconds in which further changes belong to the first one: a program that changes routes changes several. */
const GATHER = 50;

const GROUPS = RTMGRP.LINK | RTMGRP.IPV4_IFADDR | RTMGRP.IPV4_ROUTE | RTMGRP.IPV6_IFADDR | RTMGRP.IPV6_ROUTE;

const symbols = pick(POSIX, "socket", "bind", "recv", "pollLater", "close");

/** A subscription to the changes of the network namespace of the thread that opened it. It must be closed. */
export class RoutingMonitor implements Disposable {
  readonly #library = openLibc(symbols);
  readonly #descriptor: number;
  readonly #wake: Waker;
  /** Two struct pollfd {fd i32, events i16, revents i16}: the wake descriptor, then the socket. */
  readonly #entries: Int32Array<ArrayBuffer>;
  /** Messages are only counted, so they may be truncated. */
  readonly #buffer = new Uint8Array(16);
  #isClosed = false;
  #isWaiting = false;

  /** @throws {SystemError} when the kernel refuses */
  constructor() {
    prepareErrno();
    this.#descriptor = this.#library.symbols.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK.ROUTE);
    if (this.#descriptor < 0) {
      const code = readErrno();
      this.#library.close();
      throw new SystemError("socket AF_NETLINK", code);
    }
    // struct sockaddr_nl {family u16, pad u16, port u32 = 0: a free one, groups u32}
    const address = new Uint8Array(12);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_NETLINK, true);
    view.setUint32(8, GROUPS, true);
    if (this.#library.symbols.bind(this.#descriptor, address, address.length) < 0) {
      const code = readErrno();
      this.#library.symbols.close(this.#descriptor);
      this.#library.close();
      throw new SystemError("bind AF_NETLINK", code);
    }
    this.#wake = openWaker();
    this.#entries = new Int32Array([this.#wake.descriptor, POLLIN, this.#descriptor, POLLIN]);
  }

  /**
   * Waits until something has changed since the last call, then a moment more for what comes with it. One call has to end
   * before the next.
   *
   * @returns false when the monitor was closed
   */
  async changed(): Promise<boolean> {
    if (this.#isClosed) return false;
    this.#isWaiting = true;
    const { pollLater } = this.#library.symbols;
    await pollLater(this.#entries, 2, -1);
    // The wake descriptor alone, which ends the moment early.
    if (!this.#isClosed) await pollLater(this.#entries, 1, GATHER);
    this.#isWaiting = false;
    if (this.#isClosed) {
      this.#release();
      return false;
    }
    this.#readAway();
    return true;
  }

  /** Ends a wait that is under way, and closes the socket. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The other thread still uses the descriptors; its wait ends and releases them.
    if (this.#isWaiting) this.#wake.signal();
    else this.#release();
  }

  #release(): void {
    this.#wake.close();
    this.#library.symbols.close(this.#descriptor);
    this.#library.close();
  }

  #readAway(): void {
    for (let count = 0; count < MAX_READS; count++) {
      const { recv } = this.#library.symbols;
      if (recv(this.#descriptor, this.#buffer, this.#buffer.length, MSG_DONTWAIT) >= 0) continue;
      // ENOBUFS: there were more messages than the queue holds, which is a change as well.
      const code = readErrno();
      if (code !== errno.ENOBUFS && code !== errno.EINTR) return;
    }
  }
}
