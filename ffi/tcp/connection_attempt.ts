/**
 * An attempt to connect by TCP that sends nothing: whether anything answers at an address. Deno's own sockets would need the
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

const open = () => openLibc(pick(POSIX, "socket", "connect", "getsockopt", "pollLater", "close")).symbols;
let opened: ReturnType<typeof open> | undefined;
/** Opened once: each opening takes memory, which only a late garbage collection gives back. */
const libc = () => opened ??= open();

/**
 * Tries to connect, and closes the connection at once.
 *
 * @param timeoutMs how long to wait for an answer
 * @returns `accepted`, `refused` (something is there, but not on this port), or `silent`
 */
export async function attemptConnection(
  to: Endpoint,
  timeoutMs: number,
): Promise<"accepted" | "refused" | "silent"> {
  prepareErrno();
  const { family } = to.address;
  const isDarwin = platform.os === "darwin";
  const constants = isDarwin ? darwin : linux;
  const type = linux.SOCK_STREAM | (isDarwin ? 0 : linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK);
  const descriptor = libc().socket(family === 4 ? constants.AF_INET : constants.AF_INET6, type, 0);
  if (descriptor < 0) return "silent";
  try {
    if (isDarwin) setSocketDefaults(darwinSystem().libc, descriptor);
    const address = socketAddressCodec(family).encode(to);
    if (libc().connect(descriptor, address, address.length) === 0) return "accepted";
    const number = readErrno();
    if (number !== errno.EINPROGRESS) return number === errno.ECONNREFUSED ? "refused" : "silent";
    // struct pollfd {fd i32, events i16, revents i16}; held until the other thread is done.
    const entry = new Int32Array([descriptor, POLLOUT]);
    const count = await libc().pollLater(entry, 1, Math.ceil(timeoutMs));
    if (count <= 0 || entry[1] >>> 16 === 0) return "silent";
    const state = new Int32Array(1);
    libc().getsockopt(descriptor, constants.SOL_SOCKET, SO_ERROR[platform.os], state, new Uint32Array([4]));
    if (state[0] === 0) return "accepted";
    return state[0] === errno.ECONNREFUSED ? "refused" : "silent";
  } finally {
    libc().close(descriptor);
  }
}
