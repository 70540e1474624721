/**
 * The result of a handshake: the keys of one session.
 *
 * @module
 */
import { wipe } from "./noise.ts";

/** The keys of a session as one end has them. */
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

/** Clears the keys, once the data plane has taken them or the session is over. */
export function destroyTransportKeys(keys: TransportKeys): void {
  wipe(keys.send, keys.receive);
}
