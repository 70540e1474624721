import * as linux from "../libc/constants_linux.ts";
import { errno, prepareErrno, readErrno, SystemError, throwOnError } from "../libc/errno.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { NETLINK, type NetlinkProtocol } from "./constants.ts";

/** The kernel never fills more than 32 KiB in a dump; twice that leaves room for a single large answer. */
const RECEIVE_BUFFER_LENGTH = 64 * 1024;
/** Seconds that one receive waits before it gives up. */
const RECEIVE_TIMEOUT_S = 5n;

/** What carries the datagrams of a netlink socket to the kernel and back. */
export interface NetlinkTransport extends Disposable {
  send(datagram: Uint8Array<ArrayBuffer>): void;
  /** Waits for the next datagram, within a bound. The bytes hold until the next call. */
  receive(): Uint8Array;
}

/** An open socket with what else its owner has opened. */
export interface OpenNetlink {
  readonly descriptor: number;
  readonly libc: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  /** Closes it all. */
  readonly resources: DisposableStack;
}

const SYMBOLS = pick(
  POSIX,
  ...["socket", "bind", "connect", "setsockopt", "send", "recv", "pollLater", "close"] as const,
);
// Opened once: each opening takes 15 kB, which only a late garbage collection gives back.
const { symbols: libc } = openLibc(SYMBOLS);

/**
 * Opens a netlink socket in the calling thread's network namespace. Needs no privilege.
 *
 * @param setUp what else has to succeed
 * @throws {SystemError} when the kernel refuses; EPROTONOSUPPORT when it does not know the protocol
 */
export function openNetlink(protocol: NetlinkProtocol, setUp: (socket: OpenNetlink) => void): OpenNetlink {
  prepareErrno();
  using resources = new DisposableStack();
  const type = linux.SOCK_RAW | linux.SOCK_CLOEXEC;
  const descriptor = throwOnError("socket AF_NETLINK", libc.socket(linux.AF_NETLINK, type, protocol));
  resources.defer(() => libc.close(descriptor));
  setUp({ descriptor, libc, resources });
  return { descriptor, libc, resources: resources.move() };
}

/** struct sockaddr_nl {family u16, pad u16, port u32 = 0: the kernel, or any free one, groups u32}. */
export function netlinkAddress(groups: number): Uint8Array<ArrayBuffer> {
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, linux.AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return address;
}

/**
 * Opens a netlink socket for requests.
 *
 * @throws {SystemError} as {@linkcode openNetlink}
 */
export function openNetlinkTransport(protocol: NetlinkProtocol): NetlinkTransport {
  const { descriptor, libc, resources } = openNetlink(protocol, ({ descriptor, libc }) => {
    const options = [
      // struct timeval {i64 seconds, i64 microseconds}
      [linux.SOL_SOCKET, linux.SO_RCVTIMEO, new BigInt64Array([RECEIVE_TIMEOUT_S, 0n])],
      // Errors come without a copy of the request, which keeps a full batch's answers small.
      [NETLINK.SOL, NETLINK.CAP_ACK, new Int32Array([1])],
    ] as const;
    for (const [level, name, value] of options) {
      const result = libc.setsockopt(descriptor, level, name, value, value.byteLength);
      throwOnError(`setsockopt AF_NETLINK ${level}/${name}`, result);
    }
    // A connected socket takes messages from the kernel alone; connecting also binds it to a free port.
    const kernel = netlinkAddress(0);
    throwOnError("connect AF_NETLINK", libc.connect(descriptor, kernel, kernel.length));
  });
  const buffer = new Uint8Array(RECEIVE_BUFFER_LENGTH);
  return {
    send(datagram) {
      while (libc.send(descriptor, datagram, datagram.length, 0) < 0) {
        const code = readErrno();
        if (code !== errno.EINTR) throw new SystemError("send AF_NETLINK", code);
      }
    },
    receive() {
      for (;;) {
        // With MSG_TRUNC `recv` returns the datagram's whole length even where the buffer is shorter.
        const length = libc.recv(descriptor, buffer, buffer.length, linux.MSG_TRUNC);
        if (length > buffer.length) throw new SystemError("recv AF_NETLINK", errno.EMSGSIZE);
        if (length >= 0) return buffer.subarray(0, length);
        const code = readErrno();
        if (code === errno.EINTR) continue;
        throw new SystemError("recv AF_NETLINK", code === errno.EAGAIN ? errno.ETIMEDOUT : code);
      }
    },
    [Symbol.dispose]: () => resources.dispose(),
  };
}
