import type { Endpoint } from "../../core/net/endpoint.ts";
import * as darwin from "../libc/constants_darwin.ts";
import { growBuffer, setSocketDefaults } from "../libc/descriptor_darwin.ts";
import { type DarwinSystem, darwinSystem } from "../libc/libc_darwin.ts";
import { bindUdpSocket, type UdpSocket } from "./bound_socket.ts";
import { darwinSocketAddress } from "./socket_address.ts";

/**
 * Opens a non-blocking UDP socket with large buffers, bound to `local`.
 *
 * @param system the running system unless a test gives another
 * @throws {SystemError} "socket" or "bind"
 */
export function openDarwinUdpSocket(local: Endpoint, system: DarwinSystem = darwinSystem()): UdpSocket {
  const { libc, errno } = system;
  return bindUdpSocket(local, {
    libc,
    errno,
    codec: darwinSocketAddress,
    families: { 4: darwin.AF_INET, 6: darwin.AF_INET6 },
    type: darwin.SOCK_DGRAM,
    sendFlags: darwin.MSG_DONTWAIT,
    configure(descriptor) {
      setSocketDefaults(libc, descriptor);
      growBuffer(libc, descriptor, darwin.SO_SNDBUF);
      growBuffer(libc, descriptor, darwin.SO_RCVBUF);
    },
  });
}
