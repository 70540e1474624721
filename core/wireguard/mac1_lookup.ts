/**
 * Finds the peer that sent an initiation. Every token has a private key of its own on our side, and mac1 is
 * made with the public one (docs/internals/protocol.md), so it is computed under one key after the other until one
 * fits.
 *
 * @module
 */
import { ManyKeyMac, STATE_WORDS, writeKeyedState } from "./blake2s.ts";
import { beforeMac1, mac1Of } from "./mac.ts";
import { INITIATION_LENGTH } from "./message.ts";

interface Entry<T> {
  readonly value: T;
  readonly state: Int32Array;
}

/**
 * The mac1 keys of all peers, the one found last first. So a peer that renews its session is found at once,
 * and only a first contact or a stranger costs the whole search.
 */
export class Mac1Lookup<T> {
  readonly #entries: Entry<T>[] = [];
  readonly #mac = new ManyKeyMac();

  /** The count of keys. */
  get size(): number {
    return this.#entries.length;
  }

  /** Adds a mac1 key, 32 bytes (Peer.mac1Key), and its value. */
  add(mac1Key: Uint8Array, value: T): void {
    const state = new Int32Array(STATE_WORDS);
    writeKeyedState(state, 0, mac1Key);
    this.#entries.push({ value, state });
  }

  /** Removes the key of a value. */
  delete(value: T): boolean {
    const index = this.#entries.findIndex((entry) => entry.value === value);
    if (index < 0) return false;
    this.#entries.splice(index, 1)[0]?.state.fill(0);
    return true;
  }

  /**
   * Finds the value whose key an initiation was made with.
   *
   * @param limit the most keys to try, the latest used first; fewer in a flood, so that known peers are still
   *   found
   * @returns undefined if no key fits: then there must be no answer
   */
  findPeer(initiation: Uint8Array, limit: number = Infinity): T | undefined {
    if (initiation.length !== INITIATION_LENGTH) return undefined;
    this.#mac.set(beforeMac1(initiation));
    const mac1 = mac1Of(initiation).slice();
    const [a, b, c, d] = new Int32Array(mac1.buffer);
    const end = Math.min(limit, this.#entries.length);
    for (let index = 0; index < end; index++) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      const words = this.#mac.under(entry.state, 0);
      // One comparison without a branch for each word, so that time tells nothing about where they differ.
      const difference = ((words[0] ?? 0) ^ (a ?? 0)) | ((words[1] ?? 0) ^ (b ?? 0)) |
        ((words[2] ?? 0) ^ (c ?? 0)) | ((words[3] ?? 0) ^ (d ?? 0));
      if (difference !== 0) continue;
      this.#entries.copyWithin(1, 0, index);
      this.#entries[0] = entry;
      return entry.value;
    }
    return undefined;
  }
}
