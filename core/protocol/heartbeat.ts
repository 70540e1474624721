/**
 * Heartbeats of a client. Without a key it is the octet 00. With one (docs/protocol.md):
 *
 * | offset | octets | |
 * |---|---|---|
 * | 0 | 1 | 00 |
 * | 1 | 8 | milliseconds since 1970, big endian |
 * | 9 | 16 | first octets of HMAC-SHA-256(key, "docker-connector heartbeat" + the 8 octets above) |
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { HEARTBEAT, HEARTBEAT_LENGTH, KEYED_HEARTBEAT_LENGTH } from "./datagram.ts";

const TIME = 1;
const PROOF = 9;
/** Octets of the proof. */
export const PROOF_LENGTH = 16;
/** How far a heartbeat's time may be from the server's, in milliseconds. */
export const HEARTBEAT_WINDOW = 60_000;

/** Proves a heartbeat's time (8 octets) by a key; the result is {@linkcode PROOF_LENGTH} octets long (heartbeat_proof.ts). */
export type HeartbeatProof = (time: Uint8Array) => Uint8Array;

/** A heartbeat; with a key it carries the proof for `now`, milliseconds since 1970. */
export function encodeHeartbeat(proof: HeartbeatProof | undefined, now: number): Uint8Array<ArrayBuffer> {
  if (proof === undefined) return new Uint8Array([HEARTBEAT]);
  const heartbeat = new Uint8Array(KEYED_HEARTBEAT_LENGTH);
  heartbeat[0] = HEARTBEAT;
  new DataView(heartbeat.buffer).setBigUint64(TIME, BigInt(Math.floor(now)));
  heartbeat.set(proof(heartbeat.subarray(TIME, PROOF)), PROOF);
  return heartbeat;
}

/** Why a heartbeat does not bind its sender. */
export type HeartbeatFault = "length" | "no key" | "proof" | "time" | "replay";

/** Judges heartbeats and remembers what was accepted, so that none counts twice. */
export class HeartbeatJudge {
  #lastAccepted = -1;

  /**
   * Judges by a key.
   *
   * @param proof what clients must prove; undefined: nothing, then only plain heartbeats count
   */
  constructor(readonly proof: HeartbeatProof | undefined) {}

  /**
   * Judges one heartbeat.
   *
   * @param now the server's time in milliseconds since 1970
   * @returns undefined when the heartbeat binds its sender, else why not
   */
  judge(heartbeat: Uint8Array, now: number): HeartbeatFault | undefined {
    if (this.proof === undefined) return heartbeat.length === HEARTBEAT_LENGTH ? undefined : "length";
    if (heartbeat.length === HEARTBEAT_LENGTH) return "no key";
    if (heartbeat.length !== KEYED_HEARTBEAT_LENGTH) return "length";
    const expected = this.proof(heartbeat.subarray(TIME, PROOF));
    if (!timingSafeEqual(expected, heartbeat.subarray(PROOF))) return "proof";
    const time = Number(new DataView(heartbeat.buffer, heartbeat.byteOffset).getBigUint64(TIME));
    if (Math.abs(now - time) > HEARTBEAT_WINDOW) return "time";
    if (time <= this.#lastAccepted) return "replay";
    this.#lastAccepted = time;
    return undefined;
  }
}
