import type { Endpoint } from "../../core/net/endpoint.ts";
import * as linux from "../libc/constants_linux.ts";
import { prepareErrno, readErrno } from "../libc/errno.ts";
import { linuxLibc } from "../libc/libc_linux.ts";
import { bindUdpSocket, type UdpSocket } from "./bound_socket.ts";
import { linuxSocketAddress, SOCKET_ADDRESS_CAPACITY } from "./socket_address.ts";

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
  return bindUdpSocket(local, {
    libc,
    errno: readErrno,
    codec: linuxSocketAddress,
    families: { 4: linux.AF_INET, 6: linux.AF_INET6 },
    type: linux.SOCK_DGRAM | linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK,
    sendFlags: linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL,
    configure(descriptor) {
      growBuffer(descriptor, linux.SO_SNDBUFFORCE, linux.SO_SNDBUF);
      growBuffer(descriptor, linux.SO_RCVBUFFORCE, linux.SO_RCVBUF);
    },
    disconnect(descriptor) {
      // Without this a later connect keeps the source address that suited the first peer (udp(7), AF_UNSPEC). It also gives
      // back a port that nobody chose, so that connect takes another (net/ipv4/udp.c, __udp_disconnect).
      libc.connect(descriptor, new Uint8Array(SOCKET_ADDRESS_CAPACITY), SOCKET_ADDRESS_CAPACITY);
    },
  });
}

/** The FORCE form goes past net.core.*mem_max and needs CAP_NET_ADMIN; without it the plain one gives what it may. */
function growBuffer(descriptor: number, force: number, plain: number): void {
  const size = new Uint32Array([BUFFER_SIZE]);
  if (linuxLibc().setsockopt(descriptor, linux.SOL_SOCKET, force, size, 4) < 0) {
    linuxLibc().setsockopt(descriptor, linux.SOL_SOCKET, plain, size, 4);
  }
}
