/**
 * The proofs of a key: the first 16 octets of HMAC-SHA-256(key, a context + what is proven). The contexts keep a proof of the one
 * kind from counting as one of the other.
 * Apart from heartbeat.ts, because only a tunnel with a key needs to load the HMAC.
 *
 * @module
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type HeartbeatMac, PROOF_LENGTH } from "./heartbeat.ts";

const TIME_CONTEXT = "docker-connector heartbeat";
const CHALLENGE_CONTEXT = "docker-connector challenge";

/** The proofs by a key, which cannot be read out of the result. */
export function heartbeatMac(key: string): HeartbeatMac {
  const octets = new TextEncoder();
  const secret = octets.encode(key);
  const prover = (words: string) => {
    const context = octets.encode(words);
    return (proven: Uint8Array) => mac(secret, new Uint8Array([...context, ...proven]));
  };
  return { ofTime: prover(TIME_CONTEXT), ofChallenge: prover(CHALLENGE_CONTEXT), mac };
}

function mac(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(sha256, secret, message).subarray(0, PROOF_LENGTH);
}
