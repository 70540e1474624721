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
import { hasValidMac1 } from "./mac.ts";
import { SymmetricState, wipe } from "./noise.ts";
import type { Peer } from "./peer.ts";
import type { TransportKeys } from "./transport_keys.ts";
import { PrivateKey } from "./x25519.ts";

const NOTHING = new Uint8Array(0);

/** What a response is made of besides the initiation. */
export interface ResponseInput {
  /** The index by which the peer shall name the session; unused until then, hard to guess. */
  readonly localIndex: number;
  /** 32 random octets of this handshake alone; cleared here. */
  readonly ephemeralKey: Uint8Array;
  /** Milliseconds on a monotonic clock. */
  readonly now: number;
}

/** What a response leads to. */
export interface Response {
  /** The response, to be sent to where the initiation came from. */
  readonly message: Uint8Array<ArrayBuffer>;
  /**
   * The keys of the session. Nothing may be sent by them before a transport message came in by them, since only that proves that the
   * initiator is there and the initiation no replay.
   */
  readonly keys: TransportKeys;
}

/**
 * Answers an initiation.
 *
 * @param peer whom its mac1 tells (Keyring)
 * @returns undefined if it is not genuine, not from this peer, replayed, or too soon after the last one: then there is no
 *   answer, and nothing has changed
 * @throws {RangeError} for an ephemeral key of another length than 32
 */
export function respond(peer: Peer, initiation: Uint8Array, input: ResponseInput): Response | undefined {
  const fields = INITIATION_FIELDS;
  if (initiation.length !== INITIATION_LENGTH || initiation[0] !== INITIATION) return undefined;
  if (!hasValidMac1(peer.mac1Key, initiation)) return undefined;
  const ephemeral = initiation.slice(fields.ephemeral, fields.static);
  const state = SymmetricState.begin(peer.publicKey);
  try {
    const timestamp = openInitiation(peer, initiation, ephemeral, state);
    if (timestamp === undefined || !peer.initiations.accept(timestamp, input.now)) return undefined;
    return answer(peer, ephemeral, readUint32(initiation, fields.sender), input, state);
  } finally {
    state.destroy();
  }
}

/** The timestamp of a genuine initiation from this peer. */
function openInitiation(
  peer: Peer,
  initiation: Uint8Array,
  ephemeral: Uint8Array,
  state: SymmetricState,
): Uint8Array | undefined {
  const fields = INITIATION_FIELDS;
  state.mixEphemeral(ephemeral);
  const secret = peer.staticKey.sharedSecret(ephemeral);
  if (secret === undefined) return undefined;
  const staticKey = state.mixKeyForCipher(secret);
  wipe(secret);
  const sender = state.open(staticKey, initiation.subarray(fields.static, fields.timestamp));
  if (sender === undefined || !timingSafeEqual(sender, peer.peerPublicKey)) return undefined;
  const key = state.mixKeyForCipher(peer.staticSecret);
  return state.open(key, initiation.subarray(fields.timestamp, fields.mac1));
}

function answer(
  peer: Peer,
  initiatorEphemeral: Uint8Array,
  remoteIndex: number,
  { localIndex, ephemeralKey, now }: ResponseInput,
  state: SymmetricState,
): Response | undefined {
  const ephemeral = new PrivateKey(ephemeralKey);
  wipe(ephemeralKey);
  const ephemeralSecret = ephemeral.sharedSecret(initiatorEphemeral);
  const mixedSecret = ephemeral.sharedSecret(peer.peerPublicKey);
  if (ephemeralSecret === undefined || mixedSecret === undefined) return undefined;
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
  message.set(state.seal(state.mixPresharedKey(peer.presharedKey), NOTHING), fields.nothing);
  peer.macs.stamp(message, now);
  const [receive, send] = state.split();
  return { message, keys: { send, receive, localIndex, remoteIndex, initiator: false } };
}
