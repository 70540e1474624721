/**
 * The two sides of a handshake (whitepaper sections 5.4.2 and 5.4.3): {@linkcode InitiatorHandshake} begins one
 * and takes the response, {@linkcode consumeInitiation} answers one.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { hasValidMac1 } from "./cookie.ts";
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
import { SymmetricState, wipe } from "./noise.ts";
import type { Peer } from "./peer.ts";
import { PrivateKey } from "./x25519.ts";

/** Why a handshake message is refused. It is for counts and the log: the network gets no answer. */
export type HandshakeRefusal =
  /** Wrong type or length. */
  | "malformed"
  /** The sender does not know our public key. */
  | "invalid-mac1"
  /** A public key of low order. */
  | "invalid-key"
  /** A sealed field was not made with the keys of this peer: another token, or a changed message. */
  | "decrypt-failed"
  /** Its timestamp is not later than that of the last initiation. */
  | "replayed-timestamp"
  /** It comes too soon after the last initiation. */
  | "rate-limited"
  /** The response to another handshake, or to one that is over. */
  | "unknown-handshake";

/** The keys of a session as one end has them: what a handshake results in. */
export interface TransportKeys {
  /** ChaCha20-Poly1305 key of what this end sends, 32 bytes. */
  readonly send: Uint8Array;
  /** ChaCha20-Poly1305 key of what this end receives, 32 bytes. */
  readonly receive: Uint8Array;
  /** The index by which the peer names this session in what it sends. */
  readonly localIndex: number;
  /** The index by which this end names the session in what it sends. */
  readonly remoteIndex: number;
  /** Whether this end began the handshake: then it renews the session, and may send at once. */
  readonly initiator: boolean;
}

/** What a response is made of besides the initiation. */
export interface ResponseInput {
  /** The index by which the peer shall name this handshake and its session; unused until then, hard to guess. */
  readonly localIndex: number;
  /** 32 random bytes of this handshake alone; cleared here. */
  readonly ephemeralKey: Uint8Array;
  /** Milliseconds on a monotonic clock. */
  readonly now: number;
}

/** What an initiation is made of besides the peer. */
export interface InitiationInput extends ResponseInput {
  /** Milliseconds since 1970. */
  readonly wallClock: number;
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

/** A handshake that waits for its response. */
export class InitiatorHandshake {
  /** The index by which the response will name this handshake. */
  readonly localIndex: number;
  /** The initiation, to be sent once; a repetition is a new handshake. */
  readonly message: Uint8Array<ArrayBuffer> = new Uint8Array(INITIATION_LENGTH);
  readonly #state: SymmetricState;
  readonly #ephemeral: PrivateKey;
  #isOver = false;

  /**
   * Begins a handshake.
   *
   * @throws {RangeError} for an ephemeral key of another length than 32
   */
  constructor(readonly peer: Peer, { localIndex, ephemeralKey, wallClock, now }: InitiationInput) {
    const ephemeral = this.#ephemeral = takeKey(ephemeralKey);
    const state = this.#state = SymmetricState.begin(peer.peerPublicKey);
    const { message } = this;
    const fields = INITIATION_FIELDS;
    this.localIndex = localIndex;
    message[0] = INITIATION;
    writeUint32(message, fields.sender, localIndex);
    message.set(ephemeral.publicKey, fields.ephemeral);
    state.mixEphemeral(ephemeral.publicKey);
    const secret = ephemeral.sharedSecret(peer.peerPublicKey);
    // The peer's key was found good when the Peer was made.
    if (secret === undefined) throw new RangeError("Cannot use the peer's public key: it has low order");
    message.set(state.seal(state.mixKeyForCipher(secret), peer.publicKey), fields.static);
    wipe(secret);
    const key = state.mixKeyForCipher(peer.staticSecret);
    message.set(state.seal(key, peer.timestamps.next(wallClock)), fields.timestamp);
    peer.cookieGenerator.addMacs(message, now);
  }

  /**
   * Completes the handshake by its response. A forged one changes nothing.
   *
   * @returns the session's keys, or why the response is refused
   */
  consumeResponse(response: Uint8Array): TransportKeys | HandshakeRefusal {
    const { peer, localIndex } = this;
    const fields = RESPONSE_FIELDS;
    if (response.length !== RESPONSE_LENGTH || response[0] !== RESPONSE) return "malformed";
    if (this.#isOver || readUint32(response, fields.receiver) !== localIndex) return "unknown-handshake";
    if (!hasValidMac1(peer.mac1Key, response)) return "invalid-mac1";
    const ephemeral = response.slice(fields.ephemeral, fields.empty);
    const ephemeralSecret = this.#ephemeral.sharedSecret(ephemeral);
    const mixedSecret = peer.staticKey.sharedSecret(ephemeral);
    if (ephemeralSecret === undefined || mixedSecret === undefined) return "invalid-key";
    const state = this.#state.clone();
    try {
      const key = mixResponse(state, ephemeral, ephemeralSecret, mixedSecret, peer);
      if (state.open(key, response.subarray(fields.empty, fields.mac1)) === undefined) {
        return "decrypt-failed";
      }
      const [send, receive] = state.split();
      this.destroy();
      return { send, receive, localIndex, remoteIndex: readUint32(response, fields.sender), initiator: true };
    } finally {
      state.destroy();
    }
  }

  /** Gives the handshake up and clears its state. */
  destroy(): void {
    this.#isOver = true;
    this.#state.destroy();
    this.#ephemeral.destroy();
  }
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
    return checkInitiation(peer, initiation, input.now, state) ?? respond(peer, initiation, input, state);
  } finally {
    state.destroy();
  }
}

/** Mixes a genuine and fresh initiation of this peer into the state. */
function checkInitiation(
  peer: Peer,
  initiation: Uint8Array,
  now: number,
  state: SymmetricState,
): HandshakeRefusal | undefined {
  const fields = INITIATION_FIELDS;
  if (initiation.length !== INITIATION_LENGTH || initiation[0] !== INITIATION) return "malformed";
  if (!hasValidMac1(peer.mac1Key, initiation)) return "invalid-mac1";
  const ephemeral = initiation.subarray(fields.ephemeral, fields.static);
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

/** Makes the response to an initiation that the state has taken. */
function respond(
  peer: Peer,
  initiation: Uint8Array,
  { localIndex, ephemeralKey, now }: ResponseInput,
  state: SymmetricState,
): HandshakeResult | HandshakeRefusal {
  const ephemeral = takeKey(ephemeralKey);
  const remoteIndex = readUint32(initiation, INITIATION_FIELDS.sender);
  const initiatorEphemeral = initiation.subarray(INITIATION_FIELDS.ephemeral, INITIATION_FIELDS.static);
  const ephemeralSecret = ephemeral.sharedSecret(initiatorEphemeral);
  const mixedSecret = ephemeral.sharedSecret(peer.peerPublicKey);
  if (ephemeralSecret === undefined || mixedSecret === undefined) return "invalid-key";
  const fields = RESPONSE_FIELDS;
  const message = new Uint8Array(RESPONSE_LENGTH);
  message[0] = RESPONSE;
  writeUint32(message, fields.sender, localIndex);
  writeUint32(message, fields.receiver, remoteIndex);
  message.set(ephemeral.publicKey, fields.ephemeral);
  const key = mixResponse(state, ephemeral.publicKey, ephemeralSecret, mixedSecret, peer);
  message.set(state.seal(key, new Uint8Array()), fields.empty);
  peer.cookieGenerator.addMacs(message, now);
  const [receive, send] = state.split();
  return { message, keys: { send, receive, localIndex, remoteIndex, initiator: false } };
}

/** Takes an ephemeral key and clears the caller's bytes. */
function takeKey(bytes: Uint8Array): PrivateKey {
  const key = new PrivateKey(bytes);
  wipe(bytes);
  return key;
}

/**
 * Mixes what a response brings into the state of either end, and clears the secrets.
 *
 * @param ephemeral the responder's public key
 * @returns the key of the response's sealed field
 */
function mixResponse(
  state: SymmetricState,
  ephemeral: Uint8Array,
  ephemeralSecret: Uint8Array,
  mixedSecret: Uint8Array,
  { presharedKey }: Peer,
): Uint8Array {
  state.mixEphemeral(ephemeral);
  state.mixKey(ephemeralSecret);
  state.mixKey(mixedSecret);
  wipe(ephemeralSecret, mixedSecret);
  return state.mixPresharedKey(presharedKey);
}
