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
import { SessionCounter } from "../../core/session/session_counters.ts";
import {
  classifyMessage,
  NOT_WIREGUARD,
  readUint32,
  TAG_LENGTH,
  TRANSPORT,
  TRANSPORT_FIELDS,
  TRANSPORT_HEADER,
} from "../../core/wireguard/message.ts";
import { accept, mayAccept, REPLAY_WINDOW_WORDS } from "../../core/wireguard/replay_window.ts";
import type { PacketCipher } from "../../ffi/aead/packet_cipher.ts";
import { RECEIVE_FAILED, type UdpPort } from "../../ffi/udp_socket.ts";
import type { SealBatch } from "./seal_batch.ts";
import type { SessionEvent } from "./session_channel.ts";
import { Fact, FACTS, type SessionMemory } from "./session_memory.ts";
import { PAIR_BITS, receiveKeyOf, type SessionTable } from "./session_table.ts";

/** Upper half of the first counter that is refused: 2^53, from which on numbers are not exact. */
const COUNTER_HIGH_LIMIT = 2 ** 21;
/** First octet of the original's login and of its reply, and of nothing else here (its first login: 00). */
const LOGIN = 1;
/** Octets of a plaintext packet that the main thread gets to see: it only has to know who sent it. */
const STRANGER_OCTETS = 1;

/** Takes authentic IPv4 packets, in the role that the program has. */
export interface Delivery {
  /** Takes the whole IPv4 packet at `at`, of a session that exists; it stays untouched until {@linkcode flush}. */
  deliver(slot: number, at: number, length: number): void;
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
  /** Copies a socket address to its right length. */
  readonly trim: (socketAddress: Uint8Array) => Uint8Array;
}

/** Takes datagrams from the exposed socket. */
export class ExposedInbound {
  /** Plaintext packets of strangers go to the main thread. */
  legacyIsOn = false;
  readonly #parts: ExposedParts;
  readonly #delivery: Delivery;
  readonly #counters: Float64Array;

  constructor(parts: ExposedParts, delivery: Delivery) {
    this.#parts = parts;
    this.#delivery = delivery;
    this.#counters = parts.shared.counters;
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
    const start = udp.runOffset(run);
    const end = start + udp.runLength(run);
    const segment = udp.runSegment(run);
    for (let at = start; at < end; at += segment) this.#takeDatagram(at, Math.min(segment, end - at), run);
  }

  #takeDatagram(at: number, length: number, run: number): void {
    const { bytes } = this.#parts;
    const type = classifyMessage(bytes, at, length);
    if (type === TRANSPORT) this.#takeTransport(at, length, run);
    else if (type !== NOT_WIREGUARD || bytes[at] <= LOGIN) this.#passDatagram(at, length, run);
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
    this.#follow(slot, run);
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
    if (high >= COUNTER_HIGH_LIMIT) return SessionCounter["drop.forged"];
    const counter = high * 0x1_0000_0000 + low;
    const window = pair * REPLAY_WINDOW_WORDS;
    if (!mayAccept(table.windows, window, counter)) return SessionCounter["drop.replayed"];
    const sealed = at + TRANSPORT_HEADER;
    if (!cipher.open(receiveKeyOf(pair), low, high, sealed, length - TRANSPORT_HEADER)) {
      return SessionCounter["drop.forged"];
    }
    accept(table.windows, window, counter);
    return -1;
  }

  #confirm(slot: number, pair: number): void {
    const { table, post } = this.#parts;
    post({ kind: "confirmed", slot, localIndex: table.confirm(pair) });
  }

  /** An authentic message from elsewhere moves the session's endpoint. */
  #follow(slot: number, run: number): void {
    const { udp, shared, trim } = this.#parts;
    if (udp.runIsFrom(run, slot)) return;
    const source = trim(udp.runSource(run));
    udp.setEndpoint(slot, source);
    shared.setEndpoint(slot, source);
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
    } else if (!shared.noteMessage()) batch.drop(slot, SessionCounter["drop.messageBacklog"]);
    else post({ kind: "text", slot, bytes: bytes.slice(at, at + length) as Uint8Array<ArrayBuffer> });
  }

  /** Legacy sessions are few, so they are looked through. */
  #takePlaintext(at: number, length: number, run: number): void {
    const { udp, table, shared, batch } = this.#parts;
    for (const slot of table.legacySlots) {
      if (!udp.runIsFrom(run, slot)) continue;
      const row = slot * FACTS;
      shared.facts[row + Fact.receivedAt] = batch.now;
      shared.facts[row + Fact.dataReceivedAt] = batch.now;
      this.#delivery.deliver(slot, at, length);
      return;
    }
    if (this.legacyIsOn) this.#passDatagram(at, STRANGER_OCTETS, run);
    else this.#counters[SessionCounter["drop.notLoggedIn"]]++;
  }

  #passDatagram(at: number, length: number, run: number): void {
    const { bytes, udp, shared, post } = this.#parts;
    if (!shared.noteMessage()) {
      this.#counters[SessionCounter["drop.messageBacklog"]]++;
      return;
    }
    const datagram = bytes.slice(at, at + length) as Uint8Array<ArrayBuffer>;
    post({ kind: "datagram", bytes: datagram, source: udp.runSource(run) });
  }
}
