/**
 * Says which part of the offload the system lacks, once each; the packets go on without it.
 *
 * @module
 */
import { backEnd } from "../ffi/platform.ts";
import type { TunOffload } from "../ffi/tun/tun.ts";
import { REFUSED_CUTTING, REFUSED_JOINING, REFUSED_LENGTH } from "../ffi/udp/udp_socket.ts";

/** By bit of `UdpPort.refusals`. */
const SOCKET_NOTICES: readonly (readonly [bit: number, text: string])[] = [
  [REFUSED_JOINING, "this kernel does not join received datagrams (UDP_GRO); each is received by itself"],
  [REFUSED_CUTTING, "the kernel or the device does not cut datagrams (UDP_SEGMENT); each is sent by itself"],
  [REFUSED_LENGTH, "some datagrams exceed the path's MTU; they are sent by themselves, in fragments"],
];

/**
 * The lines for a TUN device of which offload was asked.
 *
 * @param granted what it has
 * @param os the system in use unless a test gives another; only Linux has the feature at all
 */
export function deviceNotices(granted: TunOffload, os: string = backEnd.os): string[] {
  if (os !== "linux") return [];
  if (!granted.tcp) {
    return ["this kernel's TUN device has no offload (TUNSETOFFLOAD); packets are carried one by one"];
  }
  return granted.udp
    ? []
    : ["this kernel's TUN device has no offload for UDP (before Linux 6.2); TCP has it all the same"];
}

/**
 * The lines for a socket.
 *
 * @param refusals bits of `UdpPort.refusals`
 */
export function socketNotices(refusals: number): string[] {
  return SOCKET_NOTICES.filter(([bit]) => (refusals & bit) !== 0).map(([, text]) => text);
}
