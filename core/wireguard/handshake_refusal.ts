/**
 * The reasons why a handshake message is refused. They are for counts and the log: the network gets no
 * answer.
 *
 * @module
 */

/** One reason. */
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
