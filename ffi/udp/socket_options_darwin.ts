/**
 * Settings that every socket of the programs gets on macOS.
 *
 * @module
 */
import { SO_NOSIGPIPE, SOL_SOCKET } from "../libc/constants_darwin.ts";
import { closeOnExec, setNonblocking } from "../libc/ioctl_darwin.ts";
import type { DarwinLibc } from "../libc/libc_darwin.ts";

/** Some 15 ms of traffic at 2 Gbit/s; kern.ipc.maxsockbuf allows 8 MiB unless the Mac has little memory. */
const BUFFER_WANTED = 4 << 20;
/** The longest datagram and what the kernel keeps beside it: a smaller send buffer refuses it with EMSGSIZE. */
const BUFFER_NEEDED = 65536 + 4096;

/**
 * Keeps a broken socket from killing the process, children from inheriting it and calls from waiting. What the system
 * lacks is left out: the packet path passes MSG_DONTWAIT anyway.
 */
export function setSocketDefaults(libc: DarwinLibc, descriptor: number): void {
  const one = new Uint32Array([1]);
  libc.setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, one, 4);
  closeOnExec(libc, descriptor);
  setNonblocking(libc, descriptor);
}

/**
 * Raises SO_SNDBUF or SO_RCVBUF as far as the system lets it: the default send buffer of UDP is 9,216 bytes, and that
 * is the longest datagram then.
 *
 * @returns the size that counts, 0 when the system does not tell
 */
export function growBuffer(libc: DarwinLibc, descriptor: number, option: number): number {
  for (let size = BUFFER_WANTED; size >= BUFFER_NEEDED; size >>= 1) {
    if (libc.setsockopt(descriptor, SOL_SOCKET, option, new Uint32Array([size]), 4) === 0) break;
  }
  const size = new Uint32Array(1);
  const length = new Uint32Array([4]);
  return libc.getsockopt(descriptor, SOL_SOCKET, option, size, length) === 0 ? size[0] : 0;
}
