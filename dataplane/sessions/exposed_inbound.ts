/**
 * What comes in on the exposed socket:
 *
 * ```
 * udp.receive -> transport message -> session by its index -> replay window -> open -> packet  -> delivery, by role
 *                                                                                   -> text    -> main thread
 *             -> handshake, login  -> main thread
 *             -> plaintext packet  -> legacy session by its source                  -> delivery
 * ```
 *
 * @module
 */
import { packetVersion } from "../../core/packet/ip.ts";
import { SessionCounter } from "../../core/counters.ts";
import {
  classifyMessage,
  NOT_WIREGUARD,
  readUint32,
  TAG_LENGTH,
  TRANSPORT,
  TRANSPORT_FIELDS,
  TRANSPORT_HEADER,
} from "../../core/wireguard/message.ts";
import { commitCounter, REPLAY_WINDOW_WORDS, validateCounter } from "../../core/wireguard/replay_filter.ts";
import type { PacketCipher } from "../../ffi/aead/packet_cipher.ts";
import { RECEIVE_FAILED, type UdpPort } from "../../ffi/udp/udp_socket.ts";
import { TokenBucket } from "../../core/async/token_bucket.ts";
import { MessageBudget } from "../message_budget.ts";
import type { SealBatch } from "./encrypt_batch.ts";
import type { SessionEvent } from "./session_channel.ts";
import { Fact, FACTS, monotonicNow, type SessionMemory } from "./session_memory.ts";
import { PAIR_BITS, receiveKeyOf, type SessionTable } from "./session_table.ts";
import type { SessionSources } from "./session_sources.ts";

/** Upper half of the first counter that is refused: 2^53, from which on numbers are not exact. */
const COUNTER_HIGH_LIMIT = 2 ** 21;
/** First octet of the original's login and of its reply, and of nothing else here (its first login: 00). */
const LOGIN = 1;
/** Octets of a plaintext packet that the main thread gets to see: it only has to know who sent it. */
const STRANGER_OCTETS = 1;
/** Octets of the longest message that is no transport message: a login with the longest token. */
const LONGEST_MESSAGE = 1 + 512;
/** Plaintext logins a second that the main thread gets to see where they are not admitted: it only has to say so in its log. */
const HINTS_PER_SECOND = 1 / 60;

/** Takes authentic IPv4 packets, in the role that the program has. */
export interface Delivery {
  /** Takes the whole IPv4 packet at `at`, of a session that exists; it stays untouched until {@linkcode flush}. */
  deliver(slot: number, at: number, length: number): void;
  /** Whether a session that tells something may do that by now. */
  mayTell(slot: number): boolean;
  /** Sends on what was taken. */
  flush(): void;
}

/** The parts that inbound and outbound share. */
export interface ExposedParts {
  readonly bytes: Uint8Array;
  readonly udp: UdpPort;
  readonly table: SessionTable;
  readonly cipher: PacketCipher;
  readonly shared: SessionMemory;
  readonly batch: SealBatch;
  readonly post: (event: SessionEvent) => void;
  readonly sources: SessionSources;
}

/** Takes datagrams from the exposed socket. */
export class ExposedInbound {
  /** Plaintext packets of strangers go to the main thread. */
  legacyIsOn = false;
  readonly #parts: ExposedParts;
  readonly #delivery: Delivery;
  readonly #counters: Float64Array;
  readonly #budget: MessageBudget;
  readonly #hints: TokenBucket;

  constructor(parts: ExposedParts, delivery: Delivery) {
    this.#parts = parts;
    this.#delivery = delivery;
    this.#counters = parts.shared.counters;
    const now = monotonicNow();
    this.#budget = new MessageBudget(now);
    this.#hints = new TokenBucket(HINTS_PER_SECOND, 1, now);
  }

  /** Takes one batch; `batch.now` has been set. False when the socket is gone. */
  drain(): boolean {
    const { udp } = this.#parts;
    const runs = udp.receive();
    if (runs === RECEIVE_FAILED) return false;
    for (let run = 0; run < runs; run++) this.#takeRun(run);
    this.#delivery.flush();
    return true;
  }

  #takeRun(run: number): void {
    const { udp } = this.#parts;
    if (udp.runIsTruncated(run)) {
      this.#counters[SessionCounter["drop.oversize"]]++;
      return;
    }
    // An empty datagram is a run of no octets.
    if (udp.runLength(run) === 0) {
      this.#counters[SessionCounter["drop.malformed"]]++;
      return;
    }
    const start = udp.runOffset(run);
    const end = start + udp.runLength(run);
    const segment = udp.runSegment(run);
    for (let at = start; at < end; at += segment) this.#takeDatagram(at, Math.min(segment, end - at), run);
  }

  #takeDatagram(at: number, length: number, run: number): void {
    const { bytes } = this.#parts;
    const type = classifyMessage(bytes, at, length);
    if (type === TRANSPORT) this.#takeTransport(at, length, run);
    else if (type !== NOT_WIREGUARD) this.#passDatagram(at, length, run);
    else if (bytes[at] <= LOGIN) this.#takeLogin(at, length, run);
    else if (packetVersion(bytes, at, length) === 4) this.#takePlaintext(at, length, run);
    else this.#counters[SessionCounter["drop.malformed"]]++;
  }

  #takeTransport(at: number, length: number, run: number): void {
    const { bytes, table, shared, batch } = this.#parts;
    const pair = table.indices.get(readUint32(bytes, at + TRANSPORT_FIELDS.receiver));
    if (pair < 0) {
      this.#counters[SessionCounter["drop.unknownIndex"]]++;
      return;
    }
    const slot = pair >> PAIR_BITS;
    const refusal = this.#open(pair, at, length);
    if (refusal >= 0) {
      batch.drop(slot, refusal);
      return;
    }
    if (table.isNext[pair] === 1) this.#confirm(slot, pair);
    this.#parts.sources.follow(slot, run);
    const row = slot * FACTS;
    shared.facts[row + Fact.receivedAt] = batch.now;
    const text = at + TRANSPORT_HEADER;
    const textLength = length - TRANSPORT_HEADER - TAG_LENGTH;
    if (textLength === 0) return;
    shared.facts[row + Fact.dataReceivedAt] = batch.now;
    this.#takeText(slot, text, textLength);
  }

  /** Opens a message in place; returns why it is dropped, or -1. */
  #open(pair: number, at: number, length: number): number {
    const { bytes, table, cipher, batch } = this.#parts;
    if (batch.now >= table.deadline[pair]) return SessionCounter["drop.expiredKey"];
    const low = readUint32(bytes, at + TRANSPORT_FIELDS.counter);
    const high = readUint32(bytes, at + TRANSPORT_FIELDS.counter + 4);
    if (high >= COUNTER_HIGH_LIMIT) return SessionCounter["drop.decryptFailed"];
    const counter = high * 0x1_0000_0000 + low;
    const window = pair * REPLAY_WINDOW_WORDS;
    if (!validateCounter(table.windows, window, counter)) return SessionCounter["drop.replayed"];
    const sealed = at + TRANSPORT_HEADER;
    if (!cipher.open(receiveKeyOf(pair), low, high, sealed, length - TRANSPORT_HEADER)) {
      return SessionCounter["drop.decryptFailed"];
    }
    commitCounter(table.windows, window, counter);
    return -1;
  }

  #confirm(slot: number, pair: number): void {
    const { table, post } = this.#parts;
    post({ kind: "confirmed", slot, localIndex: table.confirm(pair) });
  }

  /** A text is padded with zeros, so a packet may end before it. */
  #takeText(slot: number, at: number, length: number): void {
    const { bytes, batch, shared, post } = this.#parts;
    if (bytes[at] >>> 4 === 4 && length >= 20) {
      const total = bytes[at + 2] << 8 | bytes[at + 3];
      if (total <= length && packetVersion(bytes, at, total) === 4) {
        this.#delivery.deliver(slot, at, total);
        return;
      }
    }
    if (bytes[at] !== LOGIN) {
      batch.drop(slot, SessionCounter[bytes[at] >>> 4 === 6 ? "drop.ipv6Off" : "drop.malformed"]);
    } else if (!this.#delivery.mayTell(slot) || !shared.noteMessage()) {
      batch.drop(slot, SessionCounter["drop.controlQueueFull"]);
    } else post({ kind: "text", slot, bytes: bytes.slice(at, at + length) as Uint8Array<ArrayBuffer> });
  }

  #takePlaintext(at: number, length: number, run: number): void {
    const { udp, table, shared, batch, sources } = this.#parts;
    const slot = sources.find(run);
    if (slot >= 0 && table.isLegacy[slot] === 1 && udp.runIsFrom(run, slot)) {
      const row = slot * FACTS;
      shared.facts[row + Fact.receivedAt] = batch.now;
      shared.facts[row + Fact.dataReceivedAt] = batch.now;
      this.#delivery.deliver(slot, at, length);
    } else if (this.legacyIsOn) this.#passDatagram(at, STRANGER_OCTETS, run);
    else this.#counters[SessionCounter["drop.notLoggedIn"]]++;
  }

  /** What may be a login of the original's accessor. */
  #takeLogin(at: number, length: number, run: number): void {
    const { bytes, batch } = this.#parts;
    if (length > LONGEST_MESSAGE) this.#counters[SessionCounter["drop.oversize"]]++;
    else if (this.legacyIsOn) this.#passDatagram(at, length, run);
    // No token begins with a zero: that is a message of WireGuard that was cut or changed.
    else if (bytes[at] !== LOGIN || length === 1 || bytes[at + 1] === 0) {
      this.#counters[SessionCounter["drop.malformed"]]++;
    } else if (this.#hints.take(1, batch.now)) this.#passDatagram(at, length, run);
    else this.#counters[SessionCounter["drop.notLoggedIn"]]++;
  }

  #passDatagram(at: number, length: number, run: number): void {
    const { bytes, udp, shared, batch, post, sources } = this.#parts;
    if (!this.#budget.take(sources.knows(run), batch.now)) {
      this.#counters[SessionCounter["drop.handshakeRateLimited"]]++;
      return;
    }
    if (!shared.noteMessage()) {
      this.#counters[SessionCounter["drop.controlQueueFull"]]++;
      return;
    }
    const datagram = bytes.slice(at, at + length) as Uint8Array<ArrayBuffer>;
    post({ kind: "datagram", bytes: datagram, source: udp.runSource(run) });
  }
}
