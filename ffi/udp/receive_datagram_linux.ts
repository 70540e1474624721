import type { Endpoint } from "../../core/net/endpoint.ts";
import { MSG_DONTWAIT } from "../libc/constants_linux.ts";
import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { linuxSocketAddress, SOCKET_ADDRESS_CAPACITY } from "./socket_address.ts";

/** A datagram and where it came from. */
export interface ReceivedDatagram {
  readonly bytes: Uint8Array;
  readonly source: Endpoint;
}

let recvfrom: ReturnType<typeof openReceive> | undefined;
const openReceive = () => openLibc(pick(POSIX, "recvfrom")).symbols.recvfrom;

/**
 * Receives one datagram of those that wait on a socket, without a wait; undefined where none does. For rare messages: each call
 * takes memory.
 *
 * @param maximum bytes; what is longer is cut
 */
export function receiveDatagram(descriptor: number, maximum: number): ReceivedDatagram | undefined {
  const room = new Uint8Array(maximum);
  const from = new Uint8Array(SOCKET_ADDRESS_CAPACITY);
  const fromLength = Uint32Array.of(from.length);
  const length = (recvfrom ??= openReceive())(descriptor, room, room.length, MSG_DONTWAIT, from, fromLength);
  const source = length < 0 ? undefined : linuxSocketAddress.decode(from.subarray(0, fromLength[0]));
  return source && { bytes: room.subarray(0, length), source };
}
