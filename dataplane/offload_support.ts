/**
 * Notices about missing parts of the offload. Packets are carried without them.
 *
 * @module
 */
import { platform } from "../ffi/platform.ts";
import type { TunOffload } from "../ffi/tun/tun.ts";
import { EXCEEDS_PMTU, NO_GRO, NO_GSO } from "../ffi/udp/udp_socket.ts";

/** By bit of `UdpPort.unsupported`. */
const SOCKET_NOTICES: readonly (readonly [bit: number, text: string])[] = [
  [NO_GRO, "this kernel does not coalesce received datagrams (UDP_GRO); each is received by itself"],
  [NO_GSO, "the kernel or the device does not segment datagrams (UDP_SEGMENT); each is sent by itself"],
  [EXCEEDS_PMTU, "some datagrams exceed the path's MTU; they are sent by themselves, in fragments"],
];

/**
 * The lines for a TUN device of which offload was asked.
 *
 * @param granted what it has
 * @param os the system in use unless a test gives another; only Linux has the feature at all
 */
export function deviceNotices(granted: TunOffload, os: string = platform.os): string[] {
  if (os !== "linux") return [];
  if (!granted.tcp) {
    return ["this kernel's TUN device has no offload (TUNSETOFFLOAD); packets are carried one by one"];
  }
  return granted.udp
    ? []
    : ["this kernel's TUN device has no offload for UDP (before Linux 6.2); TCP has it"];
}

/**
 * The lines for a socket.
 *
 * @param unsupported bits of `UdpPort.unsupported`
 */
export function socketNotices(unsupported: number): string[] {
  return SOCKET_NOTICES.filter(([bit]) => (unsupported & bit) !== 0).map(([, text]) => text);
}
