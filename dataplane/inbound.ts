import { Counter, type CounterTable } from "../core/counters.ts";
import { packetVersion } from "../core/packet/ip.ts";
import { ServerMessage, serverMessage } from "../core/protocol/datagram.ts";
import {
  isProbe,
  PROBE_ANSWER,
  PROBE_IN_USE,
  probeFlags,
  probeToken,
  writeProbe,
} from "../core/protocol/probe.ts";
import { LARGE_HEADER } from "../core/protocol/stream_frame.ts";
import type { TunPort } from "../ffi/tun/tun.ts";
import type { Outbound } from "./outbound.ts";
import type { CarriedPath, Path } from "./path/path.ts";
import type { ProbeTimes } from "./path/probe_times.ts";
import type { ServerDelivery } from "./sessions/delivery.ts";
import type { Role } from "./worker_channel.ts";

/** A path that counts what comes by it. */
export interface CountedPath extends Path {
  readonly counters: CounterTable;
}

/**
 * Hands a message to the main thread, or counts it.
 *
 * @param offset where it lies in the arena
 * @param fromPeer whether the bound peer sent it
 * @param message the message of the UDP socket that it came in
 */
export type Punt = (
  path: CarriedPath,
  offset: number,
  length: number,
  fromPeer: boolean,
  message: number,
) => void;

/** What a path hands to: {@linkcode Inbound}, or a capture before it. */
export type PathSink = Pick<Inbound, "take" | "takeLarge" | "flush" | "countUnknown">;

/**
 * Takes what comes by any path, to the interface, to a session, or to the main thread.
 *
 * ```
 * path.drain -> classify -> packet  -> tun.write, or a session
 *                        -> probe   -> answered at once
 *                        -> message -> main thread
 * ```
 */
export class Inbound {
  /** IPv6 packets are carried. */
  ipv6IsOn = false;
  /** Handles packets for sessions; undefined where there are none. */
  sessions: ServerDelivery | undefined = undefined;

  /** @param outbound a client's follows its server from one path to another */
  constructor(
    readonly role: Role,
    readonly tun: TunPort,
    readonly bytes: Uint8Array,
    readonly outbound: Outbound,
    readonly probes: ProbeTimes,
    readonly punt: Punt,
  ) {}

  /** Takes one datagram; its memory stays untouched until {@linkcode flush}. */
  take(path: CountedPath, at: number, length: number, fromPeer: boolean, message: number): void {
    const { counters } = path;
    const version = packetVersion(this.bytes, at, length);
    if (version !== 0) {
      if (!this.#mayPass(path, version, fromPeer)) return;
      if (this.role === "client") this.outbound.mtu?.lower(at, length);
      if (version === 6 || this.sessions?.handleInbound(counters, at, length) !== true) {
        counters[Counter["inbound.packets"]]++;
        counters[Counter["inbound.bytes"]] += length;
        this.tun.write(at, length);
      }
      return;
    }
    if (fromPeer && isProbe(this.bytes, at, length)) return this.#handleProbe(path, at);
    const kind = this.role === "server" ? serverMessage(this.bytes, at, length) : ServerMessage.Description;
    // A client hears its server alone, and has to hear it before it takes packets from it.
    const mayDescribe = fromPeer || this.role === "client";
    const isForMain = kind === ServerMessage.Heartbeat || (kind === ServerMessage.Description && mayDescribe);
    if (isForMain) this.punt(path.kind, at, length, fromPeer, message);
    else this.countUnknown(path, fromPeer);
  }

  /**
   * Takes one large packet, which the kernel of the other end has not cut: its 8 octets at `large`, then the packet
   * (core/protocol/stream_frame.ts).
   *
   * @param length bytes of all, the 8 octets included
   */
  takeLarge(path: CountedPath, large: number, length: number, fromPeer: boolean): void {
    const { counters } = path;
    const version = this.bytes[large + LARGE_HEADER] >>> 4;
    if (!this.#mayPass(path, version, fromPeer)) return;
    if (version === 4 && this.sessions?.handleLargeInbound(counters, large, length) === true) return;
    counters[Counter["inbound.packets"]]++;
    counters[Counter["inbound.bytes"]] += length - LARGE_HEADER;
    this.tun.writeLarge(large, length);
  }

  /** Writes what is held back. */
  flush(): void {
    this.tun.flush();
    this.sessions?.flush();
  }

  /** Counts a datagram that is neither a packet nor a message for this end. */
  countUnknown({ counters }: CountedPath, fromPeer: boolean): void {
    counters[fromPeer ? Counter["drop.malformed"] : Counter["drop.unknownPeer"]]++;
  }

  /** Whether a packet that came by the path is carried; counts one that is not. */
  #mayPass(path: CountedPath, version: number, fromPeer: boolean): boolean {
    if (!fromPeer) path.counters[Counter["drop.unknownPeer"]]++;
    else if (version === 6 && !this.ipv6IsOn) path.counters[Counter["drop.ipv6Off"]]++;
    else {
      this.#follow(path);
      return true;
    }
    return false;
  }

  /** A client sends by the path by which its server sends. */
  #follow(path: Path): void {
    if (this.role === "client" && this.outbound.path !== path) this.outbound.path = path;
  }

  #handleProbe(path: Path, at: number): void {
    const flags = probeFlags(this.bytes, at);
    const token = probeToken(this.bytes, at);
    if ((flags & PROBE_ANSWER) !== 0) return this.probes.onAnswer(path.kind, token);
    if ((flags & PROBE_IN_USE) !== 0) this.#follow(path);
    writeProbe(this.bytes, at, PROBE_ANSWER, token);
    path.sendProbe(at);
  }
}
