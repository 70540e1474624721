/**
 * Challenges of a server, by which a client proves the key although its clock is wrong or its heartbeat is not newer than the
 * last one (docs/protocol.md):
 *
 * | datagram | octets |
 * |---|---|
 * | challenge, server to client | 00, then the challenge (16) |
 * | answer, client to server | 00, the challenge (16), first 16 octets of HMAC-SHA-256(key, "docker-connector challenge" + the challenge) |
 *
 * The server remembers none of them. A challenge is made of what only this run of the server knows, of the endpoint that it is for,
 * of the time, and of how often the client has moved, so each can move the tunnel once at most, and only to that endpoint.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import type { Endpoint } from "../net/endpoint.ts";
import { CHALLENGE_ANSWER_LENGTH, CHALLENGE_LENGTH, HEARTBEAT } from "./datagram.ts";
import type { HeartbeatMac } from "./heartbeat.ts";

const CHALLENGE = 1;
const PROOF = 17;
/** Octets of the secret that a run of a server makes its challenges with. */
export const CHALLENGE_SECRET_LENGTH = 32;
/** Milliseconds of one unit of a challenge's time. A challenge is good in its own unit and in the next one. */
export const CHALLENGE_PERIOD = 10_000;

/** Whether a datagram of the server is a challenge. No control text has an octet 00, so none can be taken for one. */
export function isChallenge(datagram: Uint8Array): boolean {
  return datagram.length === CHALLENGE_LENGTH && datagram[0] === HEARTBEAT;
}

/** The answer to a challenge: a datagram of 33 octets. */
export function answerChallenge(proof: HeartbeatMac, challenge: Uint8Array): Uint8Array<ArrayBuffer> {
  const answer = new Uint8Array(CHALLENGE_ANSWER_LENGTH);
  answer.set(challenge);
  answer.set(proof.ofChallenge(challenge.subarray(CHALLENGE, PROOF)), PROOF);
  return answer;
}

/** Whether an answer proves the key, whatever it answers; compared in constant time. */
export function isProven(proof: HeartbeatMac, answer: Uint8Array): boolean {
  return timingSafeEqual(proof.ofChallenge(answer.subarray(CHALLENGE, PROOF)), answer.subarray(PROOF));
}

/** The challenges of one run of a server. */
export class Challenges {
  readonly #secret: Uint8Array;
  /** How often all challenges have ended: part of each, so that the older ones are none of ours any more. */
  #ends = 0;

  /**
   * Begins without any.
   *
   * @param secret {@linkcode CHALLENGE_SECRET_LENGTH} random octets of this run
   */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /**
   * The challenge for an endpoint: a datagram of 17 octets.
   *
   * @param now milliseconds since 1970
   */
  issue({ mac }: HeartbeatMac, endpoint: Endpoint, now: number): Uint8Array<ArrayBuffer> {
    const datagram = new Uint8Array(CHALLENGE_LENGTH);
    datagram[0] = HEARTBEAT;
    datagram.set(this.#make(mac, endpoint, Math.floor(now / CHALLENGE_PERIOD)), CHALLENGE);
    return datagram;
  }

  /** Whether an answer from this endpoint answers one of these challenges, compared in constant time. */
  isCurrent({ mac }: HeartbeatMac, answer: Uint8Array, endpoint: Endpoint, now: number): boolean {
    const period = Math.floor(now / CHALLENGE_PERIOD);
    const challenge = answer.subarray(CHALLENGE, PROOF);
    return [period, period - 1].some((each) => timingSafeEqual(this.#make(mac, endpoint, each), challenge));
  }

  /** Ends all challenges so far: no answer to them counts from now on. */
  end(): void {
    this.#ends++;
  }

  #make(mac: HeartbeatMac["mac"], { address: { bytes }, port }: Endpoint, period: number): Uint8Array {
    const facts = new Uint8Array(18 + bytes.length);
    const view = new DataView(facts.buffer);
    view.setBigUint64(0, BigInt(this.#ends));
    view.setBigInt64(8, BigInt(period));
    view.setUint16(16, port);
    facts.set(bytes, 18);
    return mac(this.#secret, facts);
  }
}
