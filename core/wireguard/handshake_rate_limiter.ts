import { TokenBucket } from "../async/token_bucket.ts";

/**
 * The limits of one socket. A handshake takes under 1 ms and a mac1 under 1 us, so all this is at most a fifth
 * of one core. The limit of one address is that of wireguard-go.
 */
export const HANDSHAKE_RATE_OPTIONS = {
  /** Handshakes a second, and at once, beyond which the socket is under load. */
  handshakesPerSecond: 100,
  /** Milliseconds for which it stays under load. */
  underLoadAfterMs: 1000,
  /** Keys of mac1 tried a second for unknown senders, and twice as many at once. */
  searchesPerSecond: 100_000,
  /** Keys tried when that is used up: the latest used ones, from a second budget of the same size. */
  recentKeys: 64,
  /** Handshakes a second, and at once, of one address under load. */
  perIpRate: 20,
  perIpBurst: 5,
  /** Addresses remembered; a new one replaces the one that was silent for longest. */
  addresses: 4096,
};

/** The decision on an initiation whose mac1 is valid; "drop" does nothing: the address is over its limit. */
export type HandshakeDecision = "handshake" | "cookie" | "drop";

/**
 * Limits the work that a responder does for the initiations of one socket, so that a flood of them takes neither the
 * machine nor its memory (whitepaper section 5.3). In the order of cost: the search of mac1, a cookie, the
 * multiplications of a handshake. Times are milliseconds on a monotonic clock.
 */
export class HandshakeRateLimiter {
  readonly #handshakes: TokenBucket;
  readonly #searches: TokenBucket;
  /** For the latest used keys alone. */
  readonly #recent: TokenBucket;
  readonly #addresses = new Map<string, TokenBucket>();
  #loadUntil = -Infinity;

  /** Begins with full buckets. */
  constructor(readonly limits: Readonly<typeof HANDSHAKE_RATE_OPTIONS>, now: number) {
    this.#handshakes = new TokenBucket(limits.handshakesPerSecond, limits.handshakesPerSecond, now);
    this.#searches = new TokenBucket(limits.searchesPerSecond, 2 * limits.searchesPerSecond, now);
    this.#recent = new TokenBucket(limits.searchesPerSecond, 2 * limits.searchesPerSecond, now);
  }

  /** How many of `keys` keys to try for an initiation (Mac1Lookup.findPeer); 0 after too many initiations. */
  searchLimit(keys: number, now: number): number {
    // A search of more keys than the bucket holds costs a full bucket.
    if (this.#searches.take(Math.min(keys, 2 * this.limits.searchesPerSecond), now)) return keys;
    const recent = Math.min(keys, this.limits.recentKeys);
    return this.#recent.take(recent, now) ? recent : 0;
  }

  /** Whether initiations need a cookie now. */
  isUnderLoad(now: number): boolean {
    return now < this.#loadUntil;
  }

  /**
   * Decides on an initiation whose mac1 is valid.
   *
   * @param address the sender's IP address, without its port, as bytes
   * @param hasValidMac2 whether it brought a cookie of ours; asked under load only
   */
  allow(address: Uint8Array, now: number, hasValidMac2: () => boolean): HandshakeDecision {
    if (!this.#handshakes.take(1, now)) this.#loadUntil = now + this.limits.underLoadAfterMs;
    if (!this.isUnderLoad(now)) return "handshake";
    if (!hasValidMac2()) return "cookie";
    return this.#bucketOf(address, now).take(1, now) ? "handshake" : "drop";
  }

  /** Finds the bucket of an address; a whole /64 of IPv6 counts as one, since a host can use all of it. */
  #bucketOf(address: Uint8Array, now: number): TokenBucket {
    const { perIpRate, perIpBurst, addresses } = this.limits;
    const key = address.subarray(0, address.length === 16 ? 8 : 4).join();
    const bucket = this.#addresses.get(key) ?? new TokenBucket(perIpRate, perIpBurst, now);
    // A map keeps the order of insertion: the first one is the longest silent.
    this.#addresses.delete(key);
    this.#addresses.set(key, bucket);
    if (this.#addresses.size > addresses) {
      const [oldest] = this.#addresses.keys();
      this.#addresses.delete(oldest);
    }
    return bucket;
  }
}
