/**
 * Keeps a replayed or hurried initiation of a peer from changing anything (whitepaper section 5.1).
 *
 * @module
 */
import { compareTimestamps } from "./timestamp.ts";

/**
 * The least milliseconds between two accepted initiations of one peer; wireguard-go's HandshakeInitationRate.
 */
export const HANDSHAKE_INITIATION_INTERVAL_MS = 20;

/** Replay filter for the initiations of one peer. */
export class InitiationReplayFilter {
  #last: Uint8Array | undefined;
  #acceptedAt = -Infinity;

  /**
   * Checks an initiation whose sender is authentic, and remembers it if it is fresh.
   *
   * @param now milliseconds on a monotonic clock
   * @returns why the initiation is refused; undefined if its timestamp is new and it does not come too soon
   */
  check(timestamp: Uint8Array, now: number): "replayed-timestamp" | "rate-limited" | undefined {
    if (this.#last !== undefined && compareTimestamps(timestamp, this.#last) <= 0) {
      return "replayed-timestamp";
    }
    if (now - this.#acceptedAt < HANDSHAKE_INITIATION_INTERVAL_MS) return "rate-limited";
    this.#last = timestamp.slice();
    this.#acceptedAt = now;
    return undefined;
  }
}
