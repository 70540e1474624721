/**
 * The initiator's side of a handshake (whitepaper sections 5.4.2 and 5.4.3).
 *
 * @module
 */
import {
  INITIATION,
  INITIATION_FIELDS,
  INITIATION_LENGTH,
  KEY_LENGTH,
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

/** What an initiation is made of besides the peer. */
export interface InitiationInput {
  /**
   * The index by which the peer shall name this handshake and its session; unused until then, hard to guess.
   */
  readonly localIndex: number;
  /** 32 random bytes of this handshake alone; cleared here. */
  readonly ephemeralKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly wallClock: number;
  /** Milliseconds on a monotonic clock. */
  readonly now: number;
}

/** A handshake that waits for its response. */
export class InitiatorHandshake {
  readonly #state: SymmetricState;
  readonly #ephemeral: PrivateKey;
  #over = false;

  private constructor(
    readonly peer: Peer,
    /** The index by which the response will name this handshake. */
    readonly localIndex: number,
    /** The initiation, to be sent once; a repetition is a new handshake. */
    readonly message: Uint8Array<ArrayBuffer>,
    state: SymmetricState,
    ephemeral: PrivateKey,
  ) {
    this.#state = state;
    this.#ephemeral = ephemeral;
  }

  /**
   * Begins a handshake; its {@linkcode InitiatorHandshake.message} is ready to be sent.
   *
   * @throws {RangeError} for an ephemeral key of another length than 32
   */
  static createInitiation(peer: Peer, input: InitiationInput): InitiatorHandshake {
    const ephemeral = new PrivateKey(input.ephemeralKey);
    wipe(input.ephemeralKey);
    const fields = INITIATION_FIELDS;
    const message = new Uint8Array(INITIATION_LENGTH);
    message[0] = INITIATION;
    writeUint32(message, fields.sender, input.localIndex);
    message.set(ephemeral.publicKey, fields.ephemeral);
    const state = SymmetricState.begin(peer.peerPublicKey);
    state.mixEphemeral(ephemeral.publicKey);
    const secret = ephemeral.sharedSecret(peer.peerPublicKey);
    // The peer's key was found good when the Peer was made.
    if (secret === undefined) throw new RangeError("Cannot use the peer's public key: it has low order");
    message.set(state.seal(state.mixKeyForCipher(secret), peer.publicKey), fields.static);
    wipe(secret);
    const key = state.mixKeyForCipher(peer.staticSecret);
    message.set(state.seal(key, peer.timestamps.next(input.wallClock)), fields.timestamp);
    peer.cookieGenerator.addMacs(message, input.now);
    return new InitiatorHandshake(peer, input.localIndex, message, state, ephemeral);
  }

  /**
   * Completes the handshake by its response. A forged one changes nothing.
   *
   * @returns the session's keys, or why the response is refused
   */
  consumeResponse(response: Uint8Array): TransportKeys | HandshakeRefusal {
    const fields = RESPONSE_FIELDS;
    if (response.length !== RESPONSE_LENGTH || response[0] !== RESPONSE) return "malformed";
    if (this.#over || readUint32(response, fields.receiver) !== this.localIndex) return "unknown-handshake";
    if (!hasValidMac1(this.peer.mac1Key, response)) return "invalid-mac1";
    const ephemeral = response.slice(fields.ephemeral, fields.ephemeral + KEY_LENGTH);
    const ephemeralSecret = this.#ephemeral.sharedSecret(ephemeral);
    const mixedSecret = this.peer.staticKey.sharedSecret(ephemeral);
    if (ephemeralSecret === undefined || mixedSecret === undefined) return "invalid-key";
    const state = this.#state.clone();
    try {
      state.mixEphemeral(ephemeral);
      state.mixKey(ephemeralSecret);
      state.mixKey(mixedSecret);
      const key = state.mixPresharedKey(this.peer.presharedKey);
      if (state.open(key, response.subarray(fields.empty, fields.mac1)) === undefined) {
        return "decrypt-failed";
      }
      const [send, receive] = state.split();
      this.destroy();
      const remoteIndex = readUint32(response, fields.sender);
      return { send, receive, localIndex: this.localIndex, remoteIndex, initiator: true };
    } finally {
      state.destroy();
      wipe(ephemeralSecret, mixedSecret);
    }
  }

  /** Gives the handshake up and clears its state. */
  destroy(): void {
    this.#over = true;
    this.#state.destroy();
    this.#ephemeral.destroy();
  }
}
