/**
 * The UDP socket of Linux, as the main thread holds it.
 *
 * @module
 */
import { type Endpoint, toSocketFamily } from "../../core/net/endpoint.ts";
import {
  AF_INET,
  AF_INET6,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from "../libc/constants_linux.ts";
import { prepareErrno, readErrno } from "../libc/errno.ts";
import { linuxLibc } from "../libc/libc_linux.ts";
import { linuxSocketAddress, SOCKET_ADDRESS_CAPACITY } from "./socket_address_linux.ts";
import { SystemError, throwOnError } from "../libc/system_error.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** Socket buffers: some 30 ms of traffic at 2 Gbit/s. */
const BUFFER_SIZE = 8 << 20;

/**
 * Opens a non-blocking UDP socket with large buffers, bound to `local`.
 *
 * @throws {SystemError} "socket" or "bind"
 */
export function openLinuxUdpSocket(local: Endpoint): UdpSocket {
  const libc = linuxLibc();
  prepareErrno();
  const { family } = local.address;
  const descriptor = throwOnError(
    "socket",
    libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
  );
  const close = () => void libc.close(descriptor);
  const address = linuxSocketAddress.encode(local);
  if (libc.bind(descriptor, address, address.length) < 0) {
    const number = readErrno();
    close();
    throw new SystemError("bind", number);
  }
  growBuffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF);
  growBuffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF);
  return {
    descriptor,
    family,
    close,
    [Symbol.dispose]: close,
    localEndpoint(): Endpoint {
      const room = new Uint8Array(SOCKET_ADDRESS_CAPACITY);
      const length = new Uint32Array([room.length]);
      throwOnError("getsockname", libc.getsockname(descriptor, room, length));
      const endpoint = linuxSocketAddress.decode(room.subarray(0, length[0]));
      if (endpoint === undefined) throw new SystemError("getsockname", 0);
      return endpoint;
    },
    connect(peer: Endpoint): void {
      // Without this a later connect keeps the source address that suited the first peer (udp(7), AF_UNSPEC). It also gives
      // back a port that nobody chose, so that connect takes another (net/ipv4/udp.c, __udp_disconnect).
      libc.connect(descriptor, new Uint8Array(SOCKET_ADDRESS_CAPACITY), SOCKET_ADDRESS_CAPACITY);
      const to = linuxSocketAddress.encode(toSocketFamily(peer, family));
      throwOnError("connect", libc.connect(descriptor, to, to.length));
    },
    send(datagram: Uint8Array<ArrayBuffer>, to?: Endpoint): boolean {
      const target = to === undefined ? null : linuxSocketAddress.encode(toSocketFamily(to, family));
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      const attempt = () =>
        libc.sendto(descriptor, datagram, datagram.length, flags, target, target?.length ?? 0) >= 0;
      // A first failure may be the report of an earlier datagram's fate (an ICMP error), which the call has now cleared.
      return attempt() || attempt();
    },
  };
}

/** The FORCE form goes past net.core.*mem_max and needs CAP_NET_ADMIN; without it the plain one gives what it may. */
function growBuffer(descriptor: number, force: number, plain: number): void {
  const libc = linuxLibc();
  const size = new Uint32Array([BUFFER_SIZE]);
  if (libc.setsockopt(descriptor, SOL_SOCKET, force, size, 4) < 0) {
    libc.setsockopt(descriptor, SOL_SOCKET, plain, size, 4);
  }
}
