import { CookieGenerator, mac1Key } from "./cookie.ts";
import { wipe } from "./noise.ts";
import { InitiationReplayFilter, TimestampSource } from "./timestamp.ts";
import { PrivateKey } from "./x25519.ts";

/** The keys that one end has, 32 bytes each. */
export interface PeerKeys {
  /** This end's private key. */
  readonly privateKey: Uint8Array;
  /** The other end's public key. */
  readonly peerPublicKey: Uint8Array;
  /** The secret that both have. */
  readonly presharedKey: Uint8Array;
}

/**
 * One peer as this end knows it: the keys of both, what can be computed of them once, and what must be
 * remembered between handshakes. The keys are copied, so the caller may clear its own.
 */
export class Peer {
  /** This end's static key. */
  readonly staticKey: PrivateKey;
  /** The other end's static public key. */
  readonly peerPublicKey: Uint8Array;
  /** The secret that both ends have. */
  readonly presharedKey: Uint8Array;
  /** The secret of both static keys. */
  readonly staticSecret: Uint8Array;
  /** The key of mac1 in messages to this end. */
  readonly mac1Key: Uint8Array;
  /** Completes messages to the peer. */
  readonly cookieGenerator: CookieGenerator;
  /** The timestamps of our initiations. */
  readonly timestamps: TimestampSource = new TimestampSource();

  /**
   * Prepares for handshakes with one peer: three multiplications on the curve.
   *
   * @param initiations the replay filter of its initiations, kept from before if there was one
   * @throws {RangeError} for keys of another length than 32, or a public key of low order
   */
  constructor(keys: PeerKeys, readonly initiations: InitiationReplayFilter = new InitiationReplayFilter()) {
    this.staticKey = new PrivateKey(keys.privateKey);
    const staticSecret = this.staticKey.sharedSecret(keys.peerPublicKey);
    if (staticSecret === undefined) {
      throw new RangeError("Cannot use the peer's public key: it has low order");
    }
    if (keys.presharedKey.length !== staticSecret.length) {
      throw new RangeError(`Cannot use a preshared key of ${keys.presharedKey.length} bytes: it has 32`);
    }
    this.staticSecret = staticSecret;
    this.peerPublicKey = keys.peerPublicKey.slice();
    this.presharedKey = keys.presharedKey.slice();
    this.mac1Key = mac1Key(this.publicKey);
    this.cookieGenerator = new CookieGenerator(this.peerPublicKey);
  }

  /** This end's static public key. */
  get publicKey(): Uint8Array {
    return this.staticKey.publicKey;
  }

  /** Clears the secrets; no handshake succeeds with this object afterwards. */
  destroy(): void {
    wipe(this.presharedKey, this.staticSecret);
    this.staticKey.destroy();
  }
}
