/**
 * What a responder spends on initiations, so that a flood of them takes neither the machine nor its memory (whitepaper section 5.3).
 * In the order of cost: the search of mac1, then a cookie, then the multiplications of a handshake.
 *
 * @module
 */
import { TokenBucket } from "../async/token_bucket.ts";

/** The limits of a socket. */
export interface HandshakeRateOptions {
  /** Handshakes a second from where on it is under load, and as many at once. */
  readonly handshakesPerSecond: number;
  /** For how long it stays so, in milliseconds. */
  readonly underLoadAfterMs: number;
  /** Keys of mac1 tried a second for senders that may be strangers, and twice as many at once. */
  readonly searchesPerSecond: number;
  /** While that is used up: only this many, the latest used ones, are tried, at the price of as many again. */
  readonly recentKeys: number;
  /** Handshakes a second of one address under load; then `perIpBurst` at once. */
  readonly perIpRate: number;
  /** See above. */
  readonly perIpBurst: number;
  /** Addresses remembered; the longest silent one is forgotten for a new one. */
  readonly addresses: number;
}

/**
 * A handshake takes under 1 ms and a mac1 under 1 us, so all this is at most a fifth of one core. One address may send what wireguard-go
 * allows it.
 */
export const HANDSHAKE_RATE_OPTIONS: HandshakeRateOptions = {
  handshakesPerSecond: 100,
  underLoadAfterMs: 1000,
  searchesPerSecond: 100_000,
  recentKeys: 64,
  perIpRate: 20,
  perIpBurst: 5,
  addresses: 4096,
};

/** What to do with an initiation whose mac1 is valid. */
export type HandshakeDecision =
  /** Do the handshake. */
  | "handshake"
  /** Answer with a cookie. */
  | "cookie"
  /** Do nothing: the address has had its share. */
  | "drop";

/** Decides for the initiations of one socket. Times are milliseconds on a steady scale. */
export class HandshakeRateLimiter {
  readonly #handshakes: TokenBucket;
  readonly #searches: TokenBucket;
  /** For the latest used keys alone. */
  readonly #recent: TokenBucket;
  readonly #addresses = new Map<string, TokenBucket>();
  #loadUntil = -Infinity;

  /** Begins with full buckets. */
  constructor(readonly limits: HandshakeRateOptions, now: number) {
    this.#handshakes = new TokenBucket(limits.handshakesPerSecond, limits.handshakesPerSecond, now);
    this.#searches = new TokenBucket(limits.searchesPerSecond, 2 * limits.searchesPerSecond, now);
    this.#recent = new TokenBucket(limits.searchesPerSecond, 2 * limits.searchesPerSecond, now);
  }

  /** How many of `keys` keys to try for an initiation (Mac1Lookup.find); 0: none, there were too many initiations. */
  searchLimit(keys: number, now: number): number {
    // More keys than the bucket holds are still tried, at the price of a full one.
    if (this.#searches.take(Math.min(keys, 2 * this.limits.searchesPerSecond), now)) return keys;
    const recent = Math.min(keys, this.limits.recentKeys);
    return this.#recent.take(recent, now) ? recent : 0;
  }

  /** Whether cookies are asked for at present. */
  isUnderLoad(now: number): boolean {
    return now < this.#loadUntil;
  }

  /**
   * Decides on an initiation whose mac1 is valid.
   *
   * @param address the sender's IP address, without its port, as octets
   * @param hasValidMac2 whether it brought a cookie of ours; asked under load only
   */
  allow(address: Uint8Array, now: number, hasValidMac2: () => boolean): HandshakeDecision {
    if (!this.#handshakes.take(1, now)) this.#loadUntil = now + this.limits.underLoadAfterMs;
    if (!this.isUnderLoad(now)) return "handshake";
    if (!hasValidMac2()) return "cookie";
    return this.#bucketOf(address, now).take(1, now) ? "handshake" : "drop";
  }

  /** The bucket of an address; an IPv6 host has its whole /64, so that counts as one. */
  #bucketOf(address: Uint8Array, now: number): TokenBucket {
    const { perIpRate, perIpBurst, addresses } = this.limits;
    const key = address.subarray(0, address.length === 16 ? 8 : 4).join();
    const bucket = this.#addresses.get(key) ?? new TokenBucket(perIpRate, perIpBurst, now);
    // A map keeps the order of insertion: the first one is the longest silent.
    this.#addresses.delete(key);
    this.#addresses.set(key, bucket);
    if (this.#addresses.size > addresses) {
      for (const oldest of this.#addresses.keys()) {
        this.#addresses.delete(oldest);
        break;
      }
    }
    return bucket;
  }
}
