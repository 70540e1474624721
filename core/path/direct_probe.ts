/**
 * Probes of the direct path: datagrams by which the server finds out whether an address is that of its client's machine, and
 * whether packets pass there (docs/internals/protocol.md). The desktop asks, the machine answers.
 *
 * | offset | octets | |
 * |---|---|---|
 * | 0 | 1 | 01 question, 02 answer |
 * | 1 | 1 | flags: 1 the machine takes packets here |
 * | 2 | 2 | 0 |
 * | 4 | 16 | nonce of the question; the answer has the same |
 * | 20 | 16 | challenge of the machine; a question has that of the answer before, or zeros |
 * | 36 | 16 | first octets of HMAC-SHA-256(key, "docker-connector direct" + octets 0 to 35 + both addresses) |
 *
 * The proof holds for these two addresses alone, the desktop's first. An answer is as long as its question, so a forged source
 * address makes no more of what was sent.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import type { IpAddress } from "../net/address.ts";
import { type HeartbeatMac, PROOF_LENGTH } from "../protocol/heartbeat.ts";

/** Bytes of a question and of an answer. */
export const DIRECT_PROBE_LENGTH = 52;
/** Bytes of a nonce and of a challenge. */
export const DIRECT_NONCE_LENGTH = 16;
/** Flag: the machine's firewall lets the desktop's packets pass. */
export const DIRECT_READY = 1;

const QUESTION = 0x01;
const ANSWER = 0x02;
const NONCE = 4;
const CHALLENGE = NONCE + DIRECT_NONCE_LENGTH;
const PROOF = CHALLENGE + DIRECT_NONCE_LENGTH;

/** The two ends of a link. */
export interface DirectLink {
  /** The desktop's own address there. */
  readonly desktop: IpAddress;
  /** The address of Docker's machine there. */
  readonly machine: IpAddress;
}

/** What a question or an answer says. */
export interface DirectProbe {
  /** Of an answer: whether the machine's firewall lets the desktop's packets pass. */
  readonly isReady: boolean;
  /** {@linkcode DIRECT_NONCE_LENGTH} bytes that the question made up. */
  readonly nonce: Uint8Array;
  /** {@linkcode DIRECT_NONCE_LENGTH} bytes of the machine. */
  readonly challenge: Uint8Array;
}

/** The proof of the direct path's key. */
export type DirectMac = Pick<HeartbeatMac, "ofDirect">;

/** Encodes a question of the desktop. */
export function encodeDirectQuestion(
  mac: DirectMac,
  link: DirectLink,
  probe: DirectProbe,
): Uint8Array<ArrayBuffer> {
  return encode(mac, link, QUESTION, probe);
}

/** Encodes an answer of the machine. */
export function encodeDirectAnswer(
  mac: DirectMac,
  link: DirectLink,
  probe: DirectProbe,
): Uint8Array<ArrayBuffer> {
  return encode(mac, link, ANSWER, probe);
}

/** Whether a datagram has the form of a question; costs nothing, unlike the proof. */
export function isDirectQuestion(datagram: Uint8Array): boolean {
  return datagram.length === DIRECT_PROBE_LENGTH && datagram[0] === QUESTION;
}

/** Decodes a question of the desktop; undefined when it is none or its proof does not hold. */
export function decodeDirectQuestion(
  mac: DirectMac,
  link: DirectLink,
  datagram: Uint8Array,
): DirectProbe | undefined {
  return decode(mac, link, QUESTION, datagram);
}

/** Decodes an answer of the machine; undefined when it is none or its proof does not hold. */
export function decodeDirectAnswer(
  mac: DirectMac,
  link: DirectLink,
  datagram: Uint8Array,
): DirectProbe | undefined {
  return decode(mac, link, ANSWER, datagram);
}

function encode(
  mac: DirectMac,
  link: DirectLink,
  kind: number,
  { isReady, nonce, challenge }: DirectProbe,
): Uint8Array<ArrayBuffer> {
  const datagram = new Uint8Array(DIRECT_PROBE_LENGTH);
  datagram.set([kind, isReady ? DIRECT_READY : 0]);
  datagram.set(nonce, NONCE);
  datagram.set(challenge, CHALLENGE);
  datagram.set(proofOf(mac, link, datagram), PROOF);
  return datagram;
}

function decode(
  mac: DirectMac,
  link: DirectLink,
  kind: number,
  datagram: Uint8Array,
): DirectProbe | undefined {
  if (datagram.length !== DIRECT_PROBE_LENGTH || datagram[0] !== kind) return undefined;
  const proof = datagram.subarray(PROOF, PROOF + PROOF_LENGTH);
  if (!timingSafeEqual(proofOf(mac, link, datagram), proof)) return undefined;
  return {
    isReady: (datagram[1] & DIRECT_READY) !== 0,
    nonce: datagram.slice(NONCE, CHALLENGE),
    challenge: datagram.slice(CHALLENGE, PROOF),
  };
}

function proofOf(
  { ofDirect }: DirectMac,
  { desktop, machine }: DirectLink,
  datagram: Uint8Array,
): Uint8Array {
  return ofDirect(new Uint8Array([...datagram.subarray(0, PROOF), ...desktop.bytes, ...machine.bytes]));
}
