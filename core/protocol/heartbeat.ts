/**
 * Heartbeats of a client. Without a key it is the octet 00. With one (docs/internals/protocol.md):
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
import type { Endpoint } from "../net/endpoint.ts";
import { type Challenges, isProven } from "./challenge.ts";
import type { HeartbeatFault } from "./heartbeat_fault.ts";
import {
  CHALLENGE_ANSWER_LENGTH,
  CHALLENGE_LENGTH,
  HEARTBEAT,
  HEARTBEAT_LENGTH,
  KEYED_HEARTBEAT_LENGTH,
} from "./datagram.ts";

const TIME = 1;
const PROOF = 9;
/** Where the challenge begins in an answer to one. */
const CHALLENGE = 1;
/** Bytes of a proof. */
export const PROOF_LENGTH = 16;
/** The largest difference, in milliseconds, between the times of a heartbeat and of the server if the time alone is to bind. */
export const HEARTBEAT_WINDOW = 60_000;

/** The MACs of a key (heartbeat_mac.ts), each of {@linkcode PROOF_LENGTH} bytes. */
export interface HeartbeatMac {
  /** Proves a heartbeat's time, 8 bytes. */
  readonly ofTime: (time: Uint8Array) => Uint8Array;
  /** Proves that a challenge of the server was received, 16 bytes. */
  readonly ofChallenge: (challenge: Uint8Array) => Uint8Array;
  /** Proves a probe of the direct path (core/path/direct_probe.ts). */
  readonly ofDirect: (probe: Uint8Array) => Uint8Array;
  /** Proves the public key for which a client wants a certificate (core/https/certificate_request.ts). */
  readonly ofCertificate: (publicKey: Uint8Array) => Uint8Array;
  /** Proves the server's answer, to the 8 or 16 bytes of a message that proved the key (server_proof.ts). */
  readonly ofAnswer: (proven: Uint8Array) => Uint8Array;
  /** Proves that the server ends, by the bytes that it answered last. */
  readonly ofEnd: (proven: Uint8Array) => Uint8Array;
  /** The same MAC by another secret. */
  readonly mac: (secret: Uint8Array, message: Uint8Array) => Uint8Array;
}

/** Encodes a heartbeat. With a key it carries the proof for `now`, milliseconds since 1970. */
export function encodeHeartbeat(proof: HeartbeatMac | undefined, now: number): Uint8Array<ArrayBuffer> {
  if (proof === undefined) return new Uint8Array([HEARTBEAT]);
  const time = new Uint8Array(PROOF - TIME);
  new DataView(time.buffer).setBigUint64(0, BigInt(Math.floor(now)));
  return new Uint8Array([HEARTBEAT, ...time, ...proof.ofTime(time)]);
}

/** The bytes by which a keyed heartbeat, or an answer to a challenge, proves the key: its time or the challenge. */
export function provenBytes(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return message.length === CHALLENGE_ANSWER_LENGTH
    ? message.slice(CHALLENGE, CHALLENGE_LENGTH)
    : message.slice(TIME, PROOF);
}

/** The decision about a heartbeat. */
export type HeartbeatVerdict =
  /** It binds its sender; `proven` are the bytes by which this message proved the key, its time or the challenge. */
  | { readonly kind: "bind"; readonly isAnswer: boolean; readonly proven: Uint8Array | undefined }
  /** It proves the key but may have been recorded, so its sender is to answer this challenge. */
  | {
    readonly kind: "challenge";
    readonly datagram: Uint8Array<ArrayBuffer>;
    readonly fault: HeartbeatFault;
    /** Milliseconds that its sender's clock is ahead of the server's. */
    readonly clockMs: number;
  }
  /** It has no effect. */
  | { readonly kind: "refuse"; readonly fault: HeartbeatFault };

/** Verifies heartbeats and answers to challenges, and stores the latest time, so that no heartbeat binds twice. */
export class HeartbeatVerifier {
  readonly #challenges: Challenges;
  /** No heartbeat whose time is not later binds by its time. */
  #latest: number;

  /**
   * Verifies by a key. In the first {@linkcode HEARTBEAT_WINDOW} of a run no heartbeat binds by its time, since an earlier run may
   * have accepted it.
   *
   * @param proof the key that clients must prove; undefined: none, then every heartbeat binds
   * @param startedAt when this run began, milliseconds since 1970
   */
  constructor(readonly proof: HeartbeatMac | undefined, challenges: Challenges, startedAt: number) {
    this.#challenges = challenges;
    this.#latest = startedAt + HEARTBEAT_WINDOW;
  }

  /** Verifies one heartbeat, or one answer to a challenge. `now` is the server's time in milliseconds since 1970. */
  verify(message: Uint8Array, endpoint: Endpoint, now: number): HeartbeatVerdict {
    const { proof } = this;
    const { length } = message;
    if (proof === undefined) {
      const isHeartbeat = length === HEARTBEAT_LENGTH || length === KEYED_HEARTBEAT_LENGTH;
      return isHeartbeat ? { kind: "bind", isAnswer: false, proven: undefined } : refuse("length");
    }
    if (length === HEARTBEAT_LENGTH) return refuse("no-key");
    if (length === CHALLENGE_ANSWER_LENGTH) {
      if (!isProven(proof, message)) return refuse("proof");
      const isCurrent = this.#challenges.isCurrent(proof, message, endpoint, now);
      return isCurrent ? { kind: "bind", isAnswer: true, proven: provenBytes(message) } : refuse("challenge");
    }
    if (length !== KEYED_HEARTBEAT_LENGTH) return refuse("length");
    if (!timingSafeEqual(proof.ofTime(message.subarray(TIME, PROOF)), message.subarray(PROOF))) {
      return refuse("proof");
    }
    const time = Number(new DataView(message.buffer, message.byteOffset).getBigUint64(TIME));
    const isLater = time > this.#latest;
    // A time in the future is not accepted later either: an attacker who saw the heartbeat could send it then.
    this.#latest = Math.max(this.#latest, time);
    const isNear = Math.abs(now - time) <= HEARTBEAT_WINDOW;
    if (isLater && isNear) return { kind: "bind", isAnswer: false, proven: provenBytes(message) };
    const datagram = this.#challenges.issue(proof, endpoint, now);
    return { kind: "challenge", datagram, fault: isNear ? "replay" : "time", clockMs: time - now };
  }
}

function refuse(fault: HeartbeatFault): HeartbeatVerdict {
  return { kind: "refuse", fault };
}
