/**
 * What the packet loop does where the packets of one path may be longer than those of another, or of the interfaces behind:
 * it changes the MSS of passing SYNs, and answers packets that are too long.
 *
 * @module
 */
import { TokenBucket } from "../core/async/token_bucket.ts";
import { Counter, type CounterTable } from "../core/counters.ts";
import { MAX_TOO_LONG, MAY_FRAGMENT, writeTooLong } from "../core/packet/icmp_too_long.ts";
import { IPV4_HEADER, IPV6_HEADER, TCP_HEADER } from "../core/packet/ip.ts";
import { lowerMss, raiseMss } from "../core/packet/mss.ts";
import type { TxQueue } from "../core/packet/tx_queue.ts";
import type { PacketMemory } from "../ffi/libc/packet_memory.ts";
import type { TunPort } from "../ffi/tun/tun.ts";
import type { LargePeer, TooLongReports } from "./worker_channel.ts";

/** Reports in a second, and at once: those after a switch of paths, one for each connection (RFC 1812 section 4.3.2.8). */
const REPORTS_PER_SECOND = 100;
/** Bytes of the largest packet (16-bit total length). */
const MAX_PACKET = 65_535;

/** Reads the packets of one interface with the eyes of the path that they take. No method throws. */
export class PathMtu {
  /** Bytes of the longest packet for a path that carries datagrams. */
  #longest = MAX_PACKET;
  #reports: TooLongReports | undefined;
  readonly #budget = new TokenBucket(REPORTS_PER_SECOND, REPORTS_PER_SECOND, performance.now());
  readonly #report: number;
  #peer: LargePeer | undefined;

  /** @param tun the interface, to which the reports go */
  constructor(readonly memory: PacketMemory, readonly tun: TunPort) {
    this.#report = memory.arena.allocate(MAX_TOO_LONG, 64);
  }

  /** Answers packets from the interface that are too long for datagrams from now on. */
  answerTooLong(reports: TooLongReports): void {
    this.#reports = { mtu: reports.mtu, source4: reports.source4.slice(), source6: reports.source6?.slice() };
    this.#longest = reports.mtu;
  }

  /** The other end's interface takes packets that are longer than those of the interfaces behind this one; undefined: no more. */
  followPeer(peer: LargePeer | undefined): void {
    this.#peer = peer;
    this.tun.cutTcp(peer?.behind ?? MAX_PACKET);
  }

  /**
   * Whether a packet of the list, which was read from the interface, may go by a path. One that is too long for datagrams is
   * counted and answered; an IPv4 packet without DF is left to fragmentation, as is one that the kernel has cut here.
   */
  mayGo(list: TxQueue, index: number, isStream: boolean, counters: CounterTable): boolean {
    const length = list.lengths[index];
    if (isStream || length <= this.#longest || this.#reports === undefined) return true;
    if (list.large[index] !== 0 || list.payloadLength(index) > 0) return true;
    const { arena, sum } = this.memory;
    const { mtu, source4, source6 = source4 } = this.#reports;
    const packet = list.headers[index];
    const source = arena.u8[packet] >>> 4 === 6 ? source6 : source4;
    const written = writeTooLong(arena, sum, this.#report, packet, length, mtu, source);
    if (written === MAY_FRAGMENT) return true;
    counters[Counter["drop.tooLong"]]++;
    if (written > 0 && this.#budget.take(1, performance.now())) {
      this.tun.write(this.#report, written);
      this.tun.flush();
    }
    return false;
  }

  /** Raises the MSS of a SYN that goes to the peer by a stream: what is longer than the interfaces behind take is cut here. */
  raise(list: TxQueue, index: number): void {
    const { length, behind, mayRaise } = this.#peer ?? NO_PEER;
    if (!mayRaise || list.large[index] !== 0) return;
    const packet = list.headers[index];
    const { arena } = this.memory;
    const headers = headersOf(arena.u8, packet);
    raiseMss(arena, packet, list.lengths[index], behind - headers, length - headers, false);
  }

  /** Lowers the MSS of a SYN that came from the peer to what this interface takes, so that answers fit, by each path. */
  lower(packet: number, length: number): void {
    if (this.#peer === undefined) return;
    const { arena } = this.memory;
    lowerMss(arena, packet, length, this.#peer.own - headersOf(arena.u8, packet), false);
  }
}

const NO_PEER: LargePeer = { length: 0, behind: 0, own: 0, mayRaise: false };

/** Bytes of IP and TCP header without options, which is what an MSS leaves out (RFC 6691 section 2). */
function headersOf(u8: Uint8Array, packet: number): number {
  return (u8[packet] >>> 4 === 6 ? IPV6_HEADER : IPV4_HEADER) + TCP_HEADER;
}
