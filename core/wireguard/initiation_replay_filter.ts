/**
 * What a responder remembers of a peer's initiations, so that a replayed one changes nothing (whitepaper section 5.1).
 *
 * @module
 */
import { compareTimestamps } from "./timestamp.ts";

/** The least milliseconds between two accepted initiations of one peer; wireguard-go's HandshakeInitationRate. */
export const INITIATION_PAUSE = 20;

/** The last accepted initiation of one peer. */
export class InitiationGuard {
  #last: Uint8Array | undefined;
  #acceptedAt = -Infinity;

  /**
   * Judges an initiation whose sender is proven, and remembers it if it is fresh.
   *
   * @param now milliseconds on a monotonic clock
   * @returns whether its timestamp is later than every accepted one and it does not come too soon
   */
  accept(timestamp: Uint8Array, now: number): boolean {
    if (this.#last !== undefined && compareTimestamps(timestamp, this.#last) <= 0) return false;
    if (now - this.#acceptedAt < INITIATION_PAUSE) return false;
    this.#last = timestamp.slice();
    this.#acceptedAt = now;
    return true;
  }
}
