/**
 * TAI64N timestamps, by which a responder knows a replayed initiation (whitepaper section 5.1): 8 bytes of
 * seconds, big endian, with 2^62 added, and 4 bytes of nanoseconds. They compare as bytes do.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** 2^62 in the first byte, and the 10 s that TAI was ahead of UTC in 1970. As elsewhere, no leap second since. */
const FIRST_OCTET = 0x40;
const TAI_OFFSET = 10;
/** Nanoseconds are cut to steps of 2^24 (17 ms), as by wireguard-go: a timestamp says little of how long things take. */
const STEP = 0x100_0000 / 1e6;
/** The least milliseconds between two accepted initiations of one peer; wireguard-go's HandshakeInitationRate. */
const HANDSHAKE_INITIATION_INTERVAL_MS = 20;

/** Writes a time in milliseconds since 1970 as a timestamp, in steps of 2^24 ns within the second. */
export function encodeTimestamp(milliseconds: number): Uint8Array {
  const seconds = Math.floor(milliseconds / 1000);
  const nanoseconds = Math.floor((milliseconds - seconds * 1000) * 1e6);
  const timestamp = new Uint8Array(12);
  const view = new DataView(timestamp.buffer);
  view.setUint32(0, Math.floor((seconds + TAI_OFFSET) / 0x1_0000_0000));
  view.setUint32(4, (seconds + TAI_OFFSET) >>> 0);
  view.setUint32(8, nanoseconds & 0xff00_0000);
  timestamp[0] = FIRST_OCTET;
  return timestamp;
}

/** Less than 0, 0 or more than 0, as `a` is earlier than, equal to or later than `b`. */
export const compareTimestamps: (a: Uint8Array, b: Uint8Array) => number = Buffer.compare;

/** Timestamps of one initiator: each later than the last, even if the clock is set back. */
export class TimestampSource {
  #time = -Infinity;
  #last: Uint8Array | undefined;

  /** The timestamp of an initiation at `now`, in milliseconds since 1970. */
  next(now: number): Uint8Array {
    let time = Math.max(now, this.#time);
    let timestamp = encodeTimestamp(time);
    while (this.#last !== undefined && compareTimestamps(timestamp, this.#last) <= 0) {
      time += STEP;
      timestamp = encodeTimestamp(time);
    }
    this.#time = time;
    this.#last = timestamp;
    return timestamp.slice();
  }
}

/** Keeps a replayed or hurried initiation of one peer from changing anything. */
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
