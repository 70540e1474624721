/**
 * The sessions as the Worker has them: addresses, key pairs, counters and replay windows in typed arrays, looked up for each
 * message. Setting one up is rare and may allocate.
 *
 * @module
 */
import { SlotTable } from "../../core/sharing/slot_table.ts";
import { REPLAY_WINDOW_WORDS } from "../../core/wireguard/replay_filter.ts";
import { Keypairs } from "../../core/wireguard/keypairs.ts";
import type { TransportKeys } from "../../core/wireguard/handshake.ts";
import type { PacketCipher } from "../../ffi/aead/packet_cipher.ts";
import type { SessionSpec } from "../worker_channel.ts";
import { monotonicNow, SESSION_STATS, type SessionMemory, SessionStat } from "./session_memory.ts";

/** Key pairs of a session: current, previous, next, and the one that is being installed. A power of two. */
export const KEY_PAIRS = 4;
/** Bits that a pair's number has beyond its session's. */
export const PAIR_BITS = 2;

/** The cipher's slot of the key that a pair sends by. */
export const sendKeyOf = (pair: number): number => pair * 2;
/** The cipher's slot of the key that a pair receives by. */
export const receiveKeyOf = (pair: number): number => pair * 2 + 1;

/** All sessions of an exposed socket. Pair `slot * KEY_PAIRS + 0...3` is the session's in `slot`. */
export class SessionTable {
  /** Inner address to slot. */
  readonly addresses: SlotTable;
  /** Local index to pair. */
  readonly indices: SlotTable;
  /** By slot: the inner address. */
  readonly address: Uint32Array;
  /** By slot: the pair that is sent on, or -1. */
  readonly current: Int32Array;
  /** By slot: plaintext, no keys. */
  readonly isLegacy: Uint8Array;
  /** By slot: the main thread knows that a handshake is needed. */
  readonly isWanted: Uint8Array;
  /** By pair: the first message by it makes it the one that is sent on. */
  readonly isNext: Uint8Array;
  /** By pair: how the other end names it. */
  readonly remoteIndex: Uint32Array;
  /** By pair: the counter of the next message, and the first that may not be sent. */
  readonly counter: Float64Array;
  readonly sendLimit: Float64Array;
  /** By pair: from when on it serves no more, on the scale of `monotonicNow`. */
  readonly deadline: Float64Array;
  /** By pair: a slice of REPLAY_WINDOW_WORDS. */
  readonly windows: Uint32Array;
  readonly #exists: Uint8Array;
  readonly #localIndex: Uint32Array;
  readonly #isInstalled: Uint8Array;
  readonly #rings: (Keypairs<number> | undefined)[];

  constructor(readonly slots: number, readonly cipher: PacketCipher, readonly memory: SessionMemory) {
    const pairs = slots * KEY_PAIRS;
    this.addresses = new SlotTable(slots);
    this.indices = new SlotTable(pairs);
    this.address = new Uint32Array(slots);
    this.current = new Int32Array(slots).fill(-1);
    this.isLegacy = new Uint8Array(slots);
    this.isWanted = new Uint8Array(slots);
    this.isNext = new Uint8Array(pairs);
    this.remoteIndex = new Uint32Array(pairs);
    this.counter = new Float64Array(pairs);
    this.sendLimit = new Float64Array(pairs);
    this.deadline = new Float64Array(pairs);
    this.windows = new Uint32Array(pairs * REPLAY_WINDOW_WORDS);
    this.#exists = new Uint8Array(slots);
    this.#localIndex = new Uint32Array(pairs);
    this.#isInstalled = new Uint8Array(pairs);
    this.#rings = new Array(slots).fill(undefined);
  }

  has(slot: number): boolean {
    return this.#exists[slot] === 1;
  }

  /** Makes a session, makes it another, or ends it. */
  set(slot: number, session: SessionSpec | undefined): void {
    this.#release(this.#rings[slot]?.clear() ?? []);
    if (this.has(slot) && this.addresses.get(this.address[slot]) === slot) {
      this.addresses.delete(this.address[slot]);
    }
    this.#rings[slot] = session === undefined || session.legacy ? undefined : new Keypairs();
    this.#exists[slot] = session === undefined ? 0 : 1;
    this.current[slot] = -1;
    this.isWanted[slot] = 0;
    this.isLegacy[slot] = session?.legacy === true ? 1 : 0;
    this.address[slot] = session?.address ?? 0;
    this.memory.clear(slot);
    if (session !== undefined) this.addresses.set(session.address, slot);
  }

  /** Gives a session another address; its keys stay. */
  readdress(slot: number, address: number): void {
    if (!this.has(slot)) return;
    if (this.addresses.get(this.address[slot]) === slot) this.addresses.delete(this.address[slot]);
    this.address[slot] = address;
    this.addresses.set(address, slot);
  }

  /** Installs the keys of a handshake; false when the session is gone or has no keys. */
  install(slot: number, keys: TransportKeys, sendLimit: number, lifetime: number): boolean {
    const ring = this.#rings[slot];
    const pair = this.#isInstalled.indexOf(0, slot * KEY_PAIRS);
    if (ring === undefined || pair < 0 || pair >> PAIR_BITS !== slot) return false;
    this.cipher.setKey(sendKeyOf(pair), keys.send);
    this.cipher.setKey(receiveKeyOf(pair), keys.receive);
    this.#isInstalled[pair] = 1;
    this.#localIndex[pair] = keys.localIndex;
    this.indices.set(keys.localIndex, pair);
    this.remoteIndex[pair] = keys.remoteIndex;
    this.counter[pair] = 0;
    this.sendLimit[pair] = sendLimit;
    this.deadline[pair] = monotonicNow() + lifetime;
    this.windows.fill(0, pair * REPLAY_WINDOW_WORDS, (pair + 1) * REPLAY_WINDOW_WORDS);
    this.isNext[pair] = keys.initiator ? 0 : 1;
    this.#release(
      keys.initiator ? ring.handshakeInitiatorComplete(pair) : ring.handshakeResponderDerived(pair),
    );
    this.#setCurrent(slot);
    this.isWanted[slot] = 0;
    return true;
  }

  /** The first authentic message by a pair that waited for it: it is sent on from now on. Returns its local index. */
  confirm(pair: number): number {
    const slot = pair >> PAIR_BITS;
    this.isNext[pair] = 0;
    this.isWanted[slot] = 0;
    this.#release(this.#rings[slot]?.receivedWithKeypair(pair) ?? []);
    this.#setCurrent(slot);
    return this.#localIndex[pair];
  }

  /** Forgets a session's pair with this local index. */
  expire(slot: number, localIndex: number): void {
    const pair = this.indices.get(localIndex);
    if (pair < 0 || pair >> PAIR_BITS !== slot) return;
    this.#release(this.#rings[slot]?.expire((other) => other === pair) ?? []);
    this.#setCurrent(slot);
  }

  clear(): void {
    for (let slot = 0; slot < this.slots; slot++) if (this.has(slot)) this.set(slot, undefined);
  }

  #setCurrent(slot: number): void {
    const pair = this.#rings[slot]?.current ?? -1;
    this.current[slot] = pair;
    const row = slot * SESSION_STATS;
    this.memory.stats[row + SessionStat.counter] = pair < 0 ? 0 : this.counter[pair];
    this.memory.stats[row + SessionStat.currentIndex] = pair < 0 ? 0 : this.#localIndex[pair];
  }

  #release(pairs: readonly number[]): void {
    for (const pair of pairs) {
      this.cipher.clearKey(sendKeyOf(pair));
      this.cipher.clearKey(receiveKeyOf(pair));
      if (this.indices.get(this.#localIndex[pair]) === pair) this.indices.delete(this.#localIndex[pair]);
      this.#isInstalled[pair] = 0;
    }
  }
}
