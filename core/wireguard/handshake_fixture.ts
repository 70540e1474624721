/** Two peers who know each other, and keys that are the same in every run. */
import {
  consumeInitiation,
  type HandshakeRefusal,
  type HandshakeResult,
  InitiatorHandshake,
} from "./handshake.ts";
import { Peer, type PeerKeys } from "./peer.ts";
import { PrivateKey } from "./x25519.ts";

/** A key of 32 octets that a number stands for. */
export function key(number: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => number * 37 + index * 11 & 0xff);
}

/** The keys of both ends: the initiator's, then the responder's. */
export function keysOfPair(number = 0): [PeerKeys, PeerKeys] {
  const [one, other, presharedKey] = [key(number + 1), key(number + 2), key(number + 3)];
  return [
    { privateKey: one, peerPublicKey: new PrivateKey(other).publicKey, presharedKey },
    { privateKey: other, peerPublicKey: new PrivateKey(one).publicKey, presharedKey },
  ];
}

/** Both ends as they see each other: the initiator's peer, then the responder's. */
export function pair(number = 0): [Peer, Peer] {
  const [one, other] = keysOfPair(number);
  return [new Peer(one), new Peer(other)];
}

export const LOCAL_INDEX = 0x01020304;
export const REMOTE_INDEX = 0xfefdfcfb;
/** 2026-01-01T00:00:00Z */
export const WALL_CLOCK = Date.UTC(2026, 0, 1);

/** Begins a handshake. */
export function begin(peer: Peer, now = 0, wallClock = WALL_CLOCK + now): InitiatorHandshake {
  return new InitiatorHandshake(peer, {
    localIndex: LOCAL_INDEX,
    ephemeralKey: key(8),
    wallClock,
    now,
  });
}

/** Answers an initiation. */
export function answer(peer: Peer, initiation: Uint8Array, now = 0): HandshakeResult | undefined {
  return accepted(
    consumeInitiation(peer, initiation, { localIndex: REMOTE_INDEX, ephemeralKey: key(9), now }),
  );
}

/** The result of a handshake step; undefined where it was refused. */
export function accepted<T extends object>(result: T | HandshakeRefusal): T | undefined {
  return typeof result === "string" ? undefined : result;
}
