/**
 * The proof in a heartbeat: the first 16 octets of HMAC-SHA-256(key, "docker-connector heartbeat" + the heartbeat's time).
 * Apart from heartbeat.ts, because only a tunnel with a key needs to load the HMAC.
 *
 * @module
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type HeartbeatProof, PROOF_LENGTH } from "./heartbeat.ts";

const CONTEXT = "docker-connector heartbeat";

/** The proof by a key, which nobody who holds the result can read out of it. */
export function heartbeatProof(key: string): HeartbeatProof {
  const octets = new TextEncoder();
  const secret = octets.encode(key);
  const context = octets.encode(CONTEXT);
  return (time) => hmac(sha256, secret, new Uint8Array([...context, ...time])).subarray(0, PROOF_LENGTH);
}
