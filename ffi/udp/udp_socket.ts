/**
 * The UDP socket: `openUdpSocket` on the main thread binds or connects it and sends rare messages, `attachUdpSocket`
 * in the data plane's Worker moves datagrams in batches.
 *
 * @module
 */
import type { CounterTable } from "../../core/counters.ts";
import { type Endpoint, toSocketFamily } from "../../core/net/endpoint.ts";
import type { PacketMemory } from "../libc/packet_memory.ts";
import { platform } from "../platform.ts";
import type { UdpSocket } from "./bound_socket.ts";
import { darwinSocketAddress, linuxSocketAddress, type SocketAddressCodec } from "./socket_address.ts";
import type { UdpAttachment, UdpPort } from "./udp_port.ts";

export type { SocketAddressCodec, UdpAttachment, UdpPort, UdpSocket };
export { EXCEEDS_PMTU, NO_GRO, NO_GSO, RECEIVE_FAILED } from "./udp_port.ts";

/**
 * Opens a socket bound to `local` (port 0: any).
 *
 * @throws {SystemError} "socket" or "bind"
 */
export async function openUdpSocket(local: Endpoint): Promise<UdpSocket> {
  if (platform.os === "darwin") return (await import("./udp_socket_darwin.ts")).openDarwinUdpSocket(local);
  return (await import("./udp_socket_linux.ts")).openLinuxUdpSocket(local);
}

/** Attaches an open socket to the packet loop of this thread. */
export async function attachUdpSocket(
  memory: PacketMemory,
  attachment: UdpAttachment,
  counters: CounterTable,
): Promise<UdpPort> {
  if (platform.os === "darwin") {
    return new (await import("./udp_port_darwin.ts")).DarwinUdpPort(memory, attachment, counters);
  }
  return new (await import("./udp_port_linux.ts")).LinuxUdpPort(memory, attachment, counters);
}

/**
 * The kernel's form of an endpoint on the running system, and back.
 *
 * @param family the IP version of the socket that it is for
 */
export function socketAddressCodec(family: 4 | 6): SocketAddressCodec {
  const codec = platform.os === "darwin" ? darwinSocketAddress : linuxSocketAddress;
  if (family === 4) return codec;
  return { ...codec, encode: (endpoint) => codec.encode(toSocketFamily(endpoint, family)) };
}
