import { MSG_DONTWAIT } from "../libc/constants_linux.ts";
import { errno, readErrno, throwOnError } from "../libc/errno.ts";
import { openWaker, type Waker } from "../libc/poll.ts";
import { NETLINK } from "./constants.ts";
import { netlinkAddress, type OpenNetlink, openNetlink } from "./transport.ts";

const POLLIN = 1;
/** Messages that one look reads away; the rest makes the next wait end at once. */
const MAX_READS = 4096;
/** Milliseconds in which further changes belong to the first one: a program that changes routes changes several. */
const GATHER = 50;

/**
 * RTMGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR and IPV6_ROUTE, and bit 19 - 1 for RTNLGRP_IPV6_RULE
 * (linux/rtnetlink.h).
 */
const GROUPS = 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 1 << 18;

/**
 * A subscription to the changes of links, addresses, routes and rules in the network namespace of the thread that opened it, by the
 * multicast groups of rtnetlink. It must be closed.
 *
 * The wait is a poll(2) on another thread: nothing runs as long as nothing changes, and the calling thread goes on.
 */
export class RoutingMonitor implements Disposable {
  readonly #socket: OpenNetlink;
  readonly #wake: Waker;
  /** Two struct pollfd {fd i32, events i16, revents i16}: the wake descriptor, then the socket. */
  readonly #entries: Int32Array<ArrayBuffer>;
  /** Messages are only counted, so they may be truncated. */
  readonly #buffer = new Uint8Array(16);
  #isClosed = false;
  #isWaiting = false;

  /** @throws {SystemError} when the kernel refuses */
  constructor() {
    this.#socket = openNetlink(NETLINK.ROUTE, ({ descriptor, libc }) => {
      const address = netlinkAddress(GROUPS);
      throwOnError("bind AF_NETLINK", libc.bind(descriptor, address, address.length));
    });
    this.#wake = this.#socket.resources.use(openWaker());
    this.#entries = new Int32Array([this.#wake.descriptor, POLLIN, this.#socket.descriptor, POLLIN]);
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
    const { pollLater } = this.#socket.libc;
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
    this.#socket.resources.dispose();
  }

  #readAway(): void {
    const { descriptor, libc } = this.#socket;
    for (let count = 0; count < MAX_READS; count++) {
      if (libc.recv(descriptor, this.#buffer, this.#buffer.length, MSG_DONTWAIT) >= 0) continue;
      // ENOBUFS: there were more messages than the queue holds, which is a change as well.
      const code = readErrno();
      if (code !== errno.ENOBUFS && code !== errno.EINTR) return;
    }
  }
}
