/**
 * A network namespace of its own for a test: what the test does to interfaces and routes reaches nothing else and
 * is gone when it ends. Only tests use it.
 *
 * The calling thread alone changes its namespace. Synchronous foreign calls and `Deno.Command.outputSync` work on
 * that thread, so they see the new namespace; asynchronous ones may not.
 *
 * @module
 */

import { prepareErrno, throwOnError } from "../libc/errno.ts";
import { O_CLOEXEC } from "../libc/constants_linux.ts";
import { cString, openLibc, POSIX } from "../libc/libc.ts";

/** CLONE_NEWNET (include/uapi/linux/sched.h). */
const CLONE_NEWNET = 0x40000000;

const symbols = {
  open: POSIX.open,
  // int unshare(int flags);
  unshare: { parameters: ["i32"], result: "i32" },
  // int setns(int fd, int type);
  setns: { parameters: ["i32", "i32"], result: "i32" },
  // int capget(cap_user_header_t header, cap_user_data_t data);
  capget: { parameters: ["buffer", "buffer"], result: "i32" },
  // int capset(cap_user_header_t header, const cap_user_data_t data);
  capset: { parameters: ["buffer", "buffer"], result: "i32" },
  close: POSIX.close,
} as const satisfies Deno.ForeignLibraryInterface;

/** _LINUX_CAPABILITY_VERSION_3 and CAP_NET_ADMIN (include/uapi/linux/capability.h). */
const CAPABILITY_VERSION = 0x20080522;
const CAP_NET_ADMIN = 12;

/** Test options for what changes interfaces: skipped where that cannot work, but under CI only off Linux. */
export const asRootOnLinux: { readonly ignore: boolean } = {
  ignore: Deno.build.os !== "linux" || (Deno.uid() !== 0 && Deno.env.get("CI") !== "true"),
};

/** The namespace; leaving it puts the thread back where it was. */
export class PrivateNetwork implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof symbols>;
  readonly #home: number;

  /** Moves the calling thread into a new, empty namespace. Needs root. */
  constructor() {
    prepareErrno();
    this.#library = openLibc(symbols);
    const path = cString("/proc/thread-self/ns/net");
    this.#home = throwOnError("open ns/net", this.#library.symbols.open(path, O_CLOEXEC));
    throwOnError("unshare CLONE_NEWNET", this.#library.symbols.unshare(CLONE_NEWNET));
  }

  /** Runs iproute2's `ip` in the namespace, its words separated by spaces, and returns its output. */
  ip(words: string): string {
    const { success, stdout, stderr } = new Deno.Command("ip", { args: words.split(" ") }).outputSync();
    if (!success) throw new Error(`ip ${words}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  }

  /** Runs `ip -j` and returns the objects that it prints. */
  list(words: string): Record<string, unknown>[] {
    return JSON.parse(this.ip(`-j ${words}`) || "[]");
  }

  /**
   * Waits until packets to a new IPv6 address of this machine arrive here. The kernel adds the route for that later, in a worker
   * thread: net/ipv6/addrconf.c, addrconf_dad_work.
   *
   * @param count on how many links the machine has it
   */
  awaitOwnAddress(address: string, count = 1): void {
    const end = performance.now() + 10_000;
    while (this.list(`-6 route show table local type local to ${address}`).length < count) {
      if (performance.now() > end) throw new Error(`no route leads to ${address}`);
    }
  }

  /** Runs the work while the calling thread may not change networks, as if it were not root's. */
  withoutPrivilege<T>(work: () => T): T {
    // Header {version u32, pid i32 = 0: this thread}; data twice {effective u32, permitted u32, inheritable u32}.
    const header = new Uint32Array([CAPABILITY_VERSION, 0]);
    const data = new Uint32Array(6);
    throwOnError("capget", this.#library.symbols.capget(header, data));
    const reduced = data.slice();
    reduced[0] = (data[0] ?? 0) & ~(1 << CAP_NET_ADMIN);
    throwOnError("capset", this.#library.symbols.capset(header, reduced));
    try {
      return work();
    } finally {
      throwOnError("capset", this.#library.symbols.capset(header, data));
    }
  }

  /** Returns the thread to its former namespace; the left one goes with everything in it. */
  [Symbol.dispose](): void {
    throwOnError("setns", this.#library.symbols.setns(this.#home, CLONE_NEWNET));
    this.#library.symbols.close(this.#home);
    this.#library.close();
  }
}
