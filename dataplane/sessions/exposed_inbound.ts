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
import type { Delivery } from "./delivery.ts";
import type { EncryptBatch } from "./encrypt_batch.ts";
import type { SessionEvent } from "../worker_channel.ts";
import { monotonicNow, SESSION_STATS, type SessionMemory, SessionStat } from "./session_memory.ts";
import { PAIR_BITS, receiveKeyOf, type SessionTable } from "./session_table.ts";
import type { SessionSources } from "./session_sources.ts";

/** Upper half of the first counter that is refused: 2^53, from which on numbers are not exact. */
const COUNTER_HIGH_LIMIT = 2 ** 21;
/** First byte of upstream v1's login and of its reply, and of nothing else here (its first login: 00). */
const LOGIN = 1;
/** Bytes of a plaintext packet for the main thread, which only needs its source. */
const STRANGER_BYTES = 1;
/** Bytes of the longest message beside transport messages: a login with the longest token. */
const MAX_MESSAGE = 1 + 512;
/** Plaintext logins a second for the main thread where it only logs that it does not admit them. */
const HINTS_PER_SECOND = 1 / 60;

/** What inbound and outbound share. */
export interface ExposedDeps {
  readonly bytes: Uint8Array;
  readonly udp: UdpPort;
  readonly table: SessionTable;
  readonly cipher: PacketCipher;
  readonly shared: SessionMemory;
  readonly batch: EncryptBatch;
  readonly post: (event: SessionEvent) => void;
  readonly sources: SessionSources;
}

export class ExposedInbound {
  /** Plaintext packets of strangers go to the main thread. */
  legacyIsOn = false;
  readonly #counters: Float64Array;
  readonly #budget: MessageBudget;
  readonly #hints: TokenBucket;

  constructor(readonly parts: ExposedDeps, readonly delivery: Delivery) {
    this.#counters = parts.shared.counters;
    const now = monotonicNow();
    this.#budget = new MessageBudget(now);
    this.#hints = new TokenBucket(HINTS_PER_SECOND, 1, now);
  }

  /** Handles one batch; `batch.now` has been set. False when the socket is gone. */
  drain(): boolean {
    const { udp } = this.parts;
    const messages = udp.receive();
    if (messages === RECEIVE_FAILED) return false;
    for (let message = 0; message < messages; message++) this.#handleMessage(message);
    this.delivery.flush();
    return true;
  }

  #handleMessage(message: number): void {
    const { udp } = this.parts;
    const start = udp.messageOffset(message);
    const end = start + udp.messageLength(message);
    const stride = udp.messageStride(message);
    if (udp.messageIsTruncated(message)) {
      this.#counters[SessionCounter["drop.oversize"]]++;
      return;
    }
    // An empty datagram is a message of no bytes.
    if (start === end) this.#counters[SessionCounter["drop.malformed"]]++;
    for (let at = start; at < end; at += stride) {
      this.#handleDatagram(at, Math.min(stride, end - at), message);
    }
  }

  #handleDatagram(at: number, length: number, message: number): void {
    const { bytes } = this.parts;
    const type = classifyMessage(bytes, at, length);
    if (type === TRANSPORT) this.#handleTransport(at, length, message);
    else if (type !== NOT_WIREGUARD) this.#punt(at, length, message);
    else if (bytes[at] <= LOGIN) this.#handleLogin(at, length, message);
    else if (packetVersion(bytes, at, length) === 4) this.#handlePlaintext(at, length, message);
    else this.#counters[SessionCounter["drop.malformed"]]++;
  }

  #handleTransport(at: number, length: number, message: number): void {
    const { bytes, table, shared, batch, sources, post } = this.parts;
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
    if (table.isNext[pair] === 1) post({ kind: "confirmed", slot, localIndex: table.confirm(pair) });
    sources.follow(slot, message);
    const row = slot * SESSION_STATS;
    shared.stats[row + SessionStat.receivedAt] = batch.now;
    const text = at + TRANSPORT_HEADER;
    const textLength = length - TRANSPORT_HEADER - TAG_LENGTH;
    if (textLength === 0) return;
    shared.stats[row + SessionStat.dataReceivedAt] = batch.now;
    this.#handleText(slot, text, textLength);
  }

  /** Opens a message in place; returns why it is dropped, or -1. */
  #open(pair: number, at: number, length: number): number {
    const { bytes, table, cipher, batch } = this.parts;
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

  /** A text is padded with zeros, so a packet may end before it. */
  #handleText(slot: number, at: number, length: number): void {
    const { bytes, batch, shared, post } = this.parts;
    if (bytes[at] >>> 4 === 4 && length >= 20) {
      const total = bytes[at + 2] << 8 | bytes[at + 3];
      if (total <= length && packetVersion(bytes, at, total) === 4) {
        this.delivery.deliver(slot, at, total);
        return;
      }
    }
    if (bytes[at] !== LOGIN) {
      batch.drop(slot, SessionCounter[bytes[at] >>> 4 === 6 ? "drop.ipv6Off" : "drop.malformed"]);
    } else if (!this.delivery.maySendControl(slot) || !shared.noteMessage()) {
      batch.drop(slot, SessionCounter["drop.controlQueueFull"]);
    } else post({ kind: "text", slot, bytes: bytes.slice(at, at + length) as Uint8Array<ArrayBuffer> });
  }

  #handlePlaintext(at: number, length: number, message: number): void {
    const { udp, table, shared, batch, sources } = this.parts;
    const slot = sources.find(message);
    if (slot >= 0 && table.isLegacy[slot] === 1 && udp.messageIsFrom(message, slot)) {
      const row = slot * SESSION_STATS;
      shared.stats[row + SessionStat.receivedAt] = batch.now;
      shared.stats[row + SessionStat.dataReceivedAt] = batch.now;
      this.delivery.deliver(slot, at, length);
    } else if (this.legacyIsOn) this.#punt(at, STRANGER_BYTES, message);
    else this.#counters[SessionCounter["drop.notLoggedIn"]]++;
  }

  /** Handles what may be a login of an upstream v1 accessor. */
  #handleLogin(at: number, length: number, message: number): void {
    const { bytes, batch } = this.parts;
    if (length > MAX_MESSAGE) this.#counters[SessionCounter["drop.oversize"]]++;
    else if (this.legacyIsOn) this.#punt(at, length, message);
    // No token begins with a zero: this is a damaged WireGuard message.
    else if (bytes[at] !== LOGIN || length === 1 || bytes[at + 1] === 0) {
      this.#counters[SessionCounter["drop.malformed"]]++;
    } else if (this.#hints.take(1, batch.now)) this.#punt(at, length, message);
    else this.#counters[SessionCounter["drop.notLoggedIn"]]++;
  }

  #punt(at: number, length: number, message: number): void {
    const { bytes, udp, shared, batch, post, sources } = this.parts;
    if (!this.#budget.take(sources.knows(message), batch.now)) {
      this.#counters[SessionCounter["drop.handshakeRateLimited"]]++;
    } else if (!shared.noteMessage()) this.#counters[SessionCounter["drop.controlQueueFull"]]++;
    else {
      const datagram = bytes.slice(at, at + length) as Uint8Array<ArrayBuffer>;
      post({ kind: "datagram", bytes: datagram, source: udp.messageSource(message) });
    }
  }
}
