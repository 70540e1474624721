/**
 * The UDP socket of macOS, as the main thread holds it.
 *
 * @module
 */
import { type Endpoint, toSocketFamily } from "../../core/net/endpoint.ts";
import {
  AF_INET,
  AF_INET6,
  MSG_DONTWAIT,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
} from "../libc/constants_darwin.ts";
import { type DarwinSystem, darwinSystem } from "../libc/libc_darwin.ts";
import { darwinSocketAddress, SOCKET_ADDRESS_CAPACITY } from "./socket_address_darwin.ts";
import { growBuffer, setSocketDefaults } from "./socket_options_darwin.ts";
import { SystemError } from "../libc/system_error.ts";
import type { UdpSocket } from "./udp_socket.ts";

/**
 * Opens a non-blocking UDP socket with large buffers, bound to `local`.
 *
 * @param system the running system unless a test gives another
 * @throws {SystemError} "socket" or "bind"
 */
export function openDarwinUdpSocket(local: Endpoint, system: DarwinSystem = darwinSystem()): UdpSocket {
  const { libc } = system;
  const { family } = local.address;
  const succeed = (call: string, result: number): number => {
    if (result < 0) throw new SystemError(call, system.errno());
    return result;
  };
  const descriptor = succeed("socket", libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0));
  const close = () => void libc.close(descriptor);
  setSocketDefaults(libc, descriptor);
  const address = darwinSocketAddress.encode(local);
  if (libc.bind(descriptor, address, address.length) < 0) {
    const number = system.errno();
    close();
    throw new SystemError("bind", number);
  }
  growBuffer(libc, descriptor, SO_SNDBUF);
  growBuffer(libc, descriptor, SO_RCVBUF);
  return {
    descriptor,
    family,
    close,
    [Symbol.dispose]: close,
    localEndpoint(): Endpoint {
      const room = new Uint8Array(SOCKET_ADDRESS_CAPACITY);
      const length = new Uint32Array([room.length]);
      succeed("getsockname", libc.getsockname(descriptor, room, length));
      const endpoint = darwinSocketAddress.decode(room.subarray(0, length[0]));
      if (endpoint === undefined) throw new SystemError("getsockname", 0);
      return endpoint;
    },
    connect(peer: Endpoint): void {
      const to = darwinSocketAddress.encode(toSocketFamily(peer, family));
      succeed("connect", libc.connect(descriptor, to, to.length));
    },
    send(datagram: Uint8Array<ArrayBuffer>, to?: Endpoint): boolean {
      const target = to === undefined ? null : darwinSocketAddress.encode(toSocketFamily(to, family));
      const attempt = () =>
        libc.sendto(descriptor, datagram, datagram.length, MSG_DONTWAIT, target, target?.length ?? 0) >= 0;
      // A first failure may be the report of an earlier datagram's fate (an ICMP error), which the call has now cleared.
      return attempt() || attempt();
    },
  };
}
