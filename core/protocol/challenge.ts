/**
 * Challenges of a server, by which a client proves the key although its clock is wrong or its heartbeat is not newer than the
 * last one (docs/internals/protocol.md):
 *
 * | datagram | octets |
 * |---|---|
 * | challenge, server to client | 00, then the challenge (16) |
 * | answer, client to server | 00, the challenge (16), first 16 octets of HMAC-SHA-256(key, "docker-connector challenge" + the challenge) |
 *
 * The server stores none of them. A challenge is the MAC of its endpoint, of the time, and of how often the client has moved, by a
 * secret of this run of the server. So each can move the tunnel once at most, and only to that endpoint.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import type { Endpoint } from "../net/endpoint.ts";
import { CHALLENGE_LENGTH, HEARTBEAT } from "./datagram.ts";
import type { HeartbeatMac } from "./heartbeat.ts";

const CHALLENGE = 1;
const PROOF = 17;
/** Bytes of the secret that a run of a server makes its challenges with. */
export const CHALLENGE_SECRET_LENGTH = 32;
/** Milliseconds of one unit of a challenge's time. A challenge is good in its own unit and in the next one. */
export const CHALLENGE_PERIOD = 10_000;

/** Tells whether a datagram of the server is a challenge. No control text has a byte 00, so none looks like one. */
export function isChallenge(datagram: Uint8Array): boolean {
  return datagram.length === CHALLENGE_LENGTH && datagram[0] === HEARTBEAT;
}

/** Makes the answer to a challenge: a datagram of 33 bytes. */
export function answerChallenge(proof: HeartbeatMac, challenge: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...challenge, ...proof.ofChallenge(challenge.subarray(CHALLENGE, PROOF))]);
}

/** Tells whether an answer proves the key, to any challenge. The comparison takes constant time. */
export function isProven(proof: HeartbeatMac, answer: Uint8Array): boolean {
  return timingSafeEqual(proof.ofChallenge(answer.subarray(CHALLENGE, PROOF)), answer.subarray(PROOF));
}

/** The challenges of one run of a server. */
export class Challenges {
  readonly #secret: Uint8Array;
  /** How often all challenges were invalidated. It is part of each, so older ones do not match any more. */
  #invalidations = 0;

  /** Starts a run, with a secret of {@linkcode CHALLENGE_SECRET_LENGTH} random bytes. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** Makes the challenge for an endpoint: a datagram of 17 bytes. `now` is in milliseconds since 1970. */
  issue({ mac }: HeartbeatMac, endpoint: Endpoint, now: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array([HEARTBEAT, ...this.#make(mac, endpoint, Math.floor(now / CHALLENGE_PERIOD))]);
  }

  /** Tells whether an answer from this endpoint is to a challenge that is still valid. The comparison takes constant time. */
  isCurrent({ mac }: HeartbeatMac, answer: Uint8Array, endpoint: Endpoint, now: number): boolean {
    const period = Math.floor(now / CHALLENGE_PERIOD);
    const challenge = answer.subarray(CHALLENGE, PROOF);
    return [period, period - 1].some((each) => timingSafeEqual(this.#make(mac, endpoint, each), challenge));
  }

  /** Invalidates all challenges so far. */
  invalidate(): void {
    this.#invalidations++;
  }

  #make(mac: HeartbeatMac["mac"], { address: { bytes }, port }: Endpoint, period: number): Uint8Array {
    const facts = new Uint8Array(18 + bytes.length);
    const view = new DataView(facts.buffer);
    view.setBigUint64(0, BigInt(this.#invalidations));
    view.setBigInt64(8, BigInt(period));
    view.setUint16(16, port);
    facts.set(bytes, 18);
    return mac(this.#secret, facts);
  }
}
