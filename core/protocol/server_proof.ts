/**
 * The server's own proof of the key, by which a client knows that its server is no other program at the same address and port
 * (docs/internals/protocol.md). It stands behind the empty control text that answers a heartbeat, where earlier clients read
 * nothing:
 *
 * | datagram | octets |
 * |---|---|
 * | answer | 01 00 00, first 16 octets of HMAC-SHA-256(key, "docker-connector answer" + the proven octets) |
 * | end | 01 00 00, first 16 octets of HMAC-SHA-256(key, "docker-connector end" + the proven octets) |
 *
 * The proven octets are the time of the heartbeat (8), or the challenge (16) where that was answered.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { CONTROL } from "./datagram.ts";
import { type HeartbeatMac, PROOF_LENGTH } from "./heartbeat.ts";

const HEADER_LENGTH = 3;
/** Bytes of either datagram: fewer than the heartbeat's 25, so that a forged source address makes no more of what was sent. */
export const SERVER_PROOF_LENGTH: number = HEADER_LENGTH + PROOF_LENGTH;

/** Answers that may still come: those to the heartbeats of four seconds, sent twice a second, and as many challenges. */
const MAX_EXPECTED = 16;

/** Encodes the answer to a message that proved the key by these bytes. */
export function encodeAnswer(proof: HeartbeatMac, proven: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array([CONTROL, 0, 0, ...proof.ofAnswer(proven)]);
}

/** Encodes that the server ends, for the client whose message proved the key by these bytes last. */
export function encodeEnd(proof: HeartbeatMac, proven: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array([CONTROL, 0, 0, ...proof.ofEnd(proven)]);
}

/** What a datagram of the server proves: that it has the key now, that it ends, or nothing. */
export type ServerProof = "answer" | "end" | undefined;

/** The client's side: what its server has to answer. */
export class ServerProofs {
  readonly #proof: HeartbeatMac;
  /** The last is the newest. Made beforehand, so that a datagram costs comparisons alone. */
  #expected: { readonly proven: Uint8Array; readonly answer: Uint8Array }[] = [];
  #end: Uint8Array | undefined;

  /** Checks proofs of this key. */
  constructor(proof: HeartbeatMac) {
    this.#proof = proof;
  }

  /** Expects the answer to a message that was sent with these bytes as what it proves the key by. */
  expect(proven: Uint8Array): void {
    this.#expected.push({ proven: proven.slice(), answer: this.#proof.ofAnswer(proven) });
    if (this.#expected.length > MAX_EXPECTED) this.#expected.shift();
  }

  /** Expects no answer and no end any more, since another server is asked from now on. */
  forget(): void {
    this.#expected = [];
    this.#end = undefined;
  }

  /** Tells what a datagram proves; each answer proves it once. The comparisons take constant time. */
  take(datagram: Uint8Array): ServerProof {
    const isOne = datagram.length === SERVER_PROOF_LENGTH && datagram[0] === CONTROL && datagram[1] === 0 &&
      datagram[2] === 0;
    if (!isOne) return undefined;
    const mac = datagram.subarray(HEADER_LENGTH);
    const at = this.#expected.findLastIndex(({ answer }) => timingSafeEqual(answer, mac));
    const found = this.#expected[at];
    if (found !== undefined) {
      this.#expected.splice(0, at + 1);
      this.#end = this.#proof.ofEnd(found.proven);
      return "answer";
    }
    if (this.#end === undefined || !timingSafeEqual(this.#end, mac)) return undefined;
    this.forget();
    return "end";
  }
}
