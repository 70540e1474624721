import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type HeartbeatMac, PROOF_LENGTH } from "./heartbeat.ts";

/**
 * Makes the MACs of a key, which cannot be read out of the result: the first 16 bytes of HMAC-SHA-256(key, a context + the
 * message). The contexts keep a proof of one kind from counting as one of the other. This is a module of its own, because
 * only a tunnel with a key loads the HMAC.
 */
export function heartbeatMac(key: string): HeartbeatMac {
  const encoder = new TextEncoder();
  const secret = encoder.encode(key);
  const prover = (words: string) => {
    const context = encoder.encode(words);
    return (proven: Uint8Array) => mac(secret, new Uint8Array([...context, ...proven]));
  };
  return {
    ofTime: prover("docker-connector heartbeat"),
    ofChallenge: prover("docker-connector challenge"),
    ofDirect: prover("docker-connector direct"),
    ofCertificate: prover("docker-connector certificate"),
    ofAnswer: prover("docker-connector answer"),
    ofEnd: prover("docker-connector end"),
    mac,
  };
}

function mac(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(sha256, secret, message).subarray(0, PROOF_LENGTH);
}
