/**
 * Inbound: udp.receive -> classify -> packet  -> tun.write
 *                                  -> message -> main thread.
 *
 * @module
 */
import { Counter, type CounterTable } from "../core/counters.ts";
import { packetVersion } from "../core/packet/ip.ts";
import { ServerMessage, serverMessage } from "../core/protocol/datagram.ts";
import type { TunPort } from "../ffi/tun/tun.ts";
import { RECEIVE_FAILED, type UdpPort } from "../ffi/udp/udp_socket.ts";
import { PEER, type Role } from "./worker_channel.ts";

/**
 * Hands a message to the main thread, or counts it.
 *
 * @param offset where it lies in the arena
 * @param run the run it came in
 * @param fromPeer whether the bound endpoint sent it
 */
export type PassMessage = (offset: number, length: number, run: number, fromPeer: boolean) => void;

/** Where packets for sessions go. */
export interface InboundSessions {
  /** Takes the whole IPv4 packet at `at` if it is for a session. */
  takeInbound(at: number, length: number): boolean;
  /** Sends on what was taken. */
  flush(): void;
}

/** Moves datagrams from the socket to the interface and to the main thread. */
export class Inbound {
  /** Whether IPv6 packets are carried. */
  ipv6IsOn = false;
  /** Takes a packet that is for a session; absent where there are none. */
  sessions: InboundSessions | undefined = undefined;

  constructor(
    readonly role: Role,
    readonly tun: TunPort,
    readonly udp: UdpPort,
    readonly bytes: Uint8Array,
    readonly counters: CounterTable,
    readonly passMessage: PassMessage,
  ) {}

  /** Takes one batch. False when the socket is gone. */
  drain(): boolean {
    const { udp } = this;
    const runs = udp.receive();
    if (runs === RECEIVE_FAILED) return false;
    let heard = false;
    for (let run = 0; run < runs; run++) {
      const fromPeer = udp.runIsFrom(run, PEER);
      heard ||= fromPeer;
      this.#takeRun(run, fromPeer);
    }
    this.tun.flush();
    this.sessions?.flush();
    if (heard) this.counters[Counter["inbound.lastHeard"]] = Date.now();
    return true;
  }

  #takeRun(run: number, fromPeer: boolean): void {
    const { udp, counters } = this;
    if (udp.runIsTruncated(run)) {
      counters[Counter["drop.oversize"]]++;
      return;
    }
    // An empty datagram is a run of no octets.
    if (udp.runLength(run) === 0) {
      this.#countUnknown(fromPeer);
      return;
    }
    const end = udp.runOffset(run) + udp.runLength(run);
    const segment = udp.runSegment(run);
    for (let at = udp.runOffset(run); at < end; at += segment) {
      this.#takeDatagram(at, Math.min(segment, end - at), run, fromPeer);
    }
  }

  #takeDatagram(at: number, length: number, run: number, fromPeer: boolean): void {
    const { counters } = this;
    const version = packetVersion(this.bytes, at, length);
    if (version !== 0) {
      if (!fromPeer) counters[Counter["drop.unknownPeer"]]++;
      else if (version === 6 && !this.ipv6IsOn) counters[Counter["drop.ipv6Off"]]++;
      else if (version === 6 || this.sessions?.takeInbound(at, length) !== true) {
        counters[Counter["inbound.packets"]]++;
        counters[Counter["inbound.bytes"]] += length;
        this.tun.write(at, length);
      }
      return;
    }
    const kind = this.role === "server" ? serverMessage(this.bytes, at, length) : ServerMessage.Description;
    if (kind === ServerMessage.Heartbeat || (kind === ServerMessage.Description && fromPeer)) {
      this.passMessage(at, length, run, fromPeer);
    } else this.#countUnknown(fromPeer);
  }

  #countUnknown(fromPeer: boolean): void {
    this.counters[fromPeer ? Counter["drop.malformed"] : Counter["drop.unknownPeer"]]++;
  }
}
