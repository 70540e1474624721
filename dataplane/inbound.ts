import { Counter, type CounterTable } from "../core/counters.ts";
import { packetVersion } from "../core/packet/ip.ts";
import { ServerMessage, serverMessage } from "../core/protocol/datagram.ts";
import type { TunPort } from "../ffi/tun/tun.ts";
import { RECEIVE_FAILED, type UdpPort } from "../ffi/udp/udp_socket.ts";
import type { ServerDelivery } from "./sessions/delivery.ts";
import { PEER, type Role } from "./worker_channel.ts";

/**
 * Hands a message to the main thread, or counts it.
 *
 * @param offset where it lies in the arena
 * @param message the message it came in
 * @param fromPeer whether the bound endpoint sent it
 */
export type Punt = (offset: number, length: number, message: number, fromPeer: boolean) => void;

/**
 * Moves datagrams from the socket to the interface and to the main thread.
 *
 * ```
 * udp.receive -> classify -> packet  -> tun.write
 *                         -> message -> main thread
 * ```
 */
export class Inbound {
  /** IPv6 packets are carried. */
  ipv6IsOn = false;
  /** Handles packets for sessions; undefined where there are none. */
  sessions: ServerDelivery | undefined = undefined;

  constructor(
    readonly role: Role,
    readonly tun: TunPort,
    readonly udp: UdpPort,
    readonly bytes: Uint8Array,
    readonly counters: CounterTable,
    readonly punt: Punt,
  ) {}

  /** Handles one batch. False when the socket is gone. */
  drain(): boolean {
    const { udp } = this;
    const messages = udp.receive();
    if (messages === RECEIVE_FAILED) return false;
    let heard = false;
    for (let message = 0; message < messages; message++) {
      const fromPeer = udp.messageIsFrom(message, PEER);
      heard ||= fromPeer;
      this.#handleMessage(message, fromPeer);
    }
    this.tun.flush();
    this.sessions?.flush();
    if (heard) this.counters[Counter["inbound.lastHeard"]] = Date.now();
    return true;
  }

  #handleMessage(message: number, fromPeer: boolean): void {
    const { udp } = this;
    const start = udp.messageOffset(message);
    const end = start + udp.messageLength(message);
    const stride = udp.messageStride(message);
    if (udp.messageIsTruncated(message)) {
      this.counters[Counter["drop.oversize"]]++;
      return;
    }
    // An empty datagram is a message of no bytes.
    if (start === end) this.#countUnknown(fromPeer);
    for (let at = start; at < end; at += stride) {
      this.#handleDatagram(at, Math.min(stride, end - at), message, fromPeer);
    }
  }

  #handleDatagram(at: number, length: number, message: number, fromPeer: boolean): void {
    const { counters } = this;
    const version = packetVersion(this.bytes, at, length);
    if (version !== 0) {
      if (!fromPeer) counters[Counter["drop.unknownPeer"]]++;
      else if (version === 6 && !this.ipv6IsOn) counters[Counter["drop.ipv6Off"]]++;
      else if (version === 6 || this.sessions?.handleInbound(at, length) !== true) {
        counters[Counter["inbound.packets"]]++;
        counters[Counter["inbound.bytes"]] += length;
        this.tun.write(at, length);
      }
      return;
    }
    const kind = this.role === "server" ? serverMessage(this.bytes, at, length) : ServerMessage.Description;
    if (kind === ServerMessage.Heartbeat || (kind === ServerMessage.Description && fromPeer)) {
      this.punt(at, length, message, fromPeer);
    } else this.#countUnknown(fromPeer);
  }

  #countUnknown(fromPeer: boolean): void {
    this.counters[fromPeer ? Counter["drop.malformed"] : Counter["drop.unknownPeer"]]++;
  }
}
