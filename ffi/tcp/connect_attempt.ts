/**
 * Attempts to connect by TCP, only to see whether anything answers.
 *
 * @module
 */
import type { Endpoint } from "../../core/net/endpoint.ts";
import * as darwin from "../libc/constants_darwin.ts";
import * as linux from "../libc/constants_linux.ts";
import { setSocketDefaults } from "../libc/descriptor_darwin.ts";
import { errno, prepareErrno, readErrno, throwOnError } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { darwinSystem } from "../libc/libc_darwin.ts";
import { platform } from "../platform.ts";
import { darwinSocketAddress, linuxSocketAddress } from "../udp/socket_address.ts";

/** sys/socket.h and poll.h, the same on both systems. */
const SOCK_STREAM = 1;
const POLLOUT = 4;
/** SOL_SOCKET's error of a descriptor: asm-generic/socket.h; bsd/sys/socket.h of xnu. */
const SO_ERROR = { linux: 4, darwin: 0x1007 } as const;

let calls: ReturnType<typeof openCalls> | undefined;
const openCalls = () => {
  const symbols = pick(POSIX, "socket", "close", "connect", "getsockopt");
  return openLibc({ ...symbols, pollNow: { ...POSIX.pollLater, nonblocking: false } }).symbols;
};

/** How an attempt stands: "answered" also when the other end refused. */
export type AttemptState = "waiting" | "answered" | "failed";

/** An attempt to connect. Disposal ends it; nothing is sent over a connection. */
export interface ConnectAttempt extends Disposable {
  /** How it stands now; never waits. */
  state(): AttemptState;
}

/**
 * Begins to connect.
 *
 * @throws {SystemError} where there can be no socket
 */
export function startConnecting({ address, port }: Endpoint): ConnectAttempt {
  prepareErrno();
  const libc = calls ??= openCalls();
  const isDarwin = platform.os === "darwin";
  const family = isDarwin
    ? { 4: darwin.AF_INET, 6: darwin.AF_INET6 }
    : { 4: linux.AF_INET, 6: linux.AF_INET6 };
  const type = isDarwin ? SOCK_STREAM : SOCK_STREAM | linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK;
  const descriptor = throwOnError("socket", libc.socket(family[address.family], type, 0));
  let state: AttemptState = "waiting";
  const close = () => void libc.close(descriptor);
  const settle = (error: number) => {
    state = error === 0 || error === errno.ECONNREFUSED ? "answered" : "failed";
    close();
  };
  if (isDarwin) setSocketDefaults(darwinSystem().libc, descriptor);
  const to = (isDarwin ? darwinSocketAddress : linuxSocketAddress).encode({ address, port });
  const isConnected = libc.connect(descriptor, to, to.length) === 0;
  const error = isConnected ? 0 : readErrno();
  if (error !== errno.EINPROGRESS) settle(error);
  return {
    state() {
      if (state !== "waiting") return state;
      // struct pollfd {fd i32, events i16, revents i16}
      const entry = Int32Array.of(descriptor, POLLOUT);
      if (libc.pollNow(entry, 1, 0) <= 0) return state;
      const error = Int32Array.of(0);
      const length = Uint32Array.of(4);
      const level = isDarwin ? darwin.SOL_SOCKET : linux.SOL_SOCKET;
      const isRead = libc.getsockopt(descriptor, level, SO_ERROR[platform.os], error, length) === 0;
      settle(isRead ? error[0] : readErrno());
      return state;
    },
    [Symbol.dispose]() {
      if (state === "waiting") close();
      state = state === "waiting" ? "failed" : state;
    },
  };
}
