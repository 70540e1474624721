import { keyedState, ManyKeyMac } from "./blake2s.ts";
import { beforeMac1, mac1Of } from "./cookie.ts";
import { INITIATION_LENGTH } from "./message.ts";

/**
 * The mac1 keys of all peers, by which the sender of an initiation is found. Every token has a private key of its own
 * on our side, and mac1 is made with the public one (docs/internals/protocol.md), so it is computed under one key after
 * the other until one fits, the one found last first. So a peer that renews its session is found at once, and only a
 * first contact or a stranger costs the whole search.
 */
export class Mac1Lookup<T> {
  readonly #entries: { readonly value: T; readonly state: Int32Array }[] = [];
  readonly #mac = new ManyKeyMac();

  /** The count of keys. */
  get size(): number {
    return this.#entries.length;
  }

  /** Adds a mac1 key, 32 bytes (Peer.mac1Key), and its value. */
  add(mac1Key: Uint8Array, value: T): void {
    this.#entries.push({ value, state: keyedState(mac1Key) });
  }

  /** Removes the key of a value. */
  delete(value: T): boolean {
    const index = this.#entries.findIndex((entry) => entry.value === value);
    if (index < 0) return false;
    this.#entries.splice(index, 1)[0].state.fill(0);
    return true;
  }

  /**
   * Finds the value whose key an initiation was made with; undefined if none fits: then there must be no answer.
   *
   * @param limit the most keys to try, the latest used first; fewer in a flood, so that known peers are still found
   */
  findPeer(initiation: Uint8Array, limit: number = Infinity): T | undefined {
    if (initiation.length !== INITIATION_LENGTH) return undefined;
    this.#mac.set(beforeMac1(initiation));
    const [a, b, c, d] = new Int32Array(mac1Of(initiation).slice().buffer);
    const end = Math.min(limit, this.#entries.length);
    for (let index = 0; index < end; index++) {
      const entry = this.#entries[index];
      const words = this.#mac.under(entry.state);
      // One comparison without a branch for each word, so that time tells nothing about where they differ.
      const difference = (words[0] ^ a) | (words[1] ^ b) | (words[2] ^ c) | (words[3] ^ d);
      if (difference !== 0) continue;
      this.#entries.copyWithin(1, 0, index);
      this.#entries[0] = entry;
      return entry.value;
    }
    return undefined;
  }
}
