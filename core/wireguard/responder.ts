/**
 * The responder's side of a handshake (whitepaper sections 5.4.2 and 5.4.3).
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import {
  INITIATION,
  INITIATION_FIELDS,
  INITIATION_LENGTH,
  readUint32,
  RESPONSE,
  RESPONSE_FIELDS,
  RESPONSE_LENGTH,
  writeUint32,
} from "./message.ts";
import type { HandshakeRefusal } from "./handshake_refusal.ts";
import { hasValidMac1 } from "./mac.ts";
import { SymmetricState, wipe } from "./noise.ts";
import type { Peer } from "./peer.ts";
import type { TransportKeys } from "./transport_keys.ts";
import { PrivateKey } from "./x25519.ts";

const EMPTY = new Uint8Array(0);

/** What a response is made of besides the initiation. */
export interface ResponseInput {
  /** The index by which the peer shall name the session; unused until then, hard to guess. */
  readonly localIndex: number;
  /** 32 random bytes of this handshake alone; cleared here. */
  readonly ephemeralKey: Uint8Array;
  /** Milliseconds on a monotonic clock. */
  readonly now: number;
}

/** A response and its keys. */
export interface HandshakeResult {
  /** The response, to be sent to where the initiation came from. */
  readonly message: Uint8Array<ArrayBuffer>;
  /**
   * The keys of the session. Nothing may be sent by them before a transport message came in by them: only
   * that proves that the initiator is there and that the initiation is no replay.
   */
  readonly keys: TransportKeys;
}

/**
 * Answers an initiation.
 *
 * @param peer the one that Mac1Lookup found
 * @returns the response and its keys, or why the initiation is refused: then nothing has changed and nothing
 *   is answered
 * @throws {RangeError} for an ephemeral key of another length than 32
 */
export function consumeInitiation(
  peer: Peer,
  initiation: Uint8Array,
  input: ResponseInput,
): HandshakeResult | HandshakeRefusal {
  const state = SymmetricState.begin(peer.publicKey);
  try {
    const ephemeral = initiation.slice(INITIATION_FIELDS.ephemeral, INITIATION_FIELDS.static);
    const refusal = checkInitiation(peer, initiation, ephemeral, state, input.now);
    if (refusal !== undefined) return refusal;
    return createResponse(peer, ephemeral, readUint32(initiation, INITIATION_FIELDS.sender), input, state);
  } finally {
    state.destroy();
  }
}

/** Mixes a genuine and fresh initiation of this peer into the state. */
function checkInitiation(
  peer: Peer,
  initiation: Uint8Array,
  ephemeral: Uint8Array,
  state: SymmetricState,
  now: number,
): HandshakeRefusal | undefined {
  const fields = INITIATION_FIELDS;
  if (initiation.length !== INITIATION_LENGTH || initiation[0] !== INITIATION) return "malformed";
  if (!hasValidMac1(peer.mac1Key, initiation)) return "invalid-mac1";
  state.mixEphemeral(ephemeral);
  const secret = peer.staticKey.sharedSecret(ephemeral);
  if (secret === undefined) return "invalid-key";
  const staticKey = state.mixKeyForCipher(secret);
  wipe(secret);
  const sender = state.open(staticKey, initiation.subarray(fields.static, fields.timestamp));
  if (sender === undefined || !timingSafeEqual(sender, peer.peerPublicKey)) return "decrypt-failed";
  const key = state.mixKeyForCipher(peer.staticSecret);
  const timestamp = state.open(key, initiation.subarray(fields.timestamp, fields.mac1));
  return timestamp === undefined ? "decrypt-failed" : peer.initiations.check(timestamp, now);
}

function createResponse(
  peer: Peer,
  initiatorEphemeral: Uint8Array,
  remoteIndex: number,
  { localIndex, ephemeralKey, now }: ResponseInput,
  state: SymmetricState,
): HandshakeResult | HandshakeRefusal {
  const ephemeral = new PrivateKey(ephemeralKey);
  wipe(ephemeralKey);
  const ephemeralSecret = ephemeral.sharedSecret(initiatorEphemeral);
  const mixedSecret = ephemeral.sharedSecret(peer.peerPublicKey);
  if (ephemeralSecret === undefined || mixedSecret === undefined) return "invalid-key";
  const fields = RESPONSE_FIELDS;
  const message = new Uint8Array(RESPONSE_LENGTH);
  message[0] = RESPONSE;
  writeUint32(message, fields.sender, localIndex);
  writeUint32(message, fields.receiver, remoteIndex);
  message.set(ephemeral.publicKey, fields.ephemeral);
  state.mixEphemeral(ephemeral.publicKey);
  state.mixKey(ephemeralSecret);
  state.mixKey(mixedSecret);
  wipe(ephemeralSecret, mixedSecret);
  message.set(state.seal(state.mixPresharedKey(peer.presharedKey), EMPTY), fields.empty);
  peer.cookieGenerator.addMacs(message, now);
  const [receive, send] = state.split();
  return { message, keys: { send, receive, localIndex, remoteIndex, initiator: false } };
}
