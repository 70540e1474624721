/**
 * Transport messages of a session's other end (WireGuard whitepaper section 5.4.6), sealed by a cipher that is not the one under
 * test.
 *
 * @module
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import type { TransportKeys } from "../../core/wireguard/handshake.ts";
import { TRANSPORT, TRANSPORT_HEADER, writeUint32 } from "../../core/wireguard/message.ts";

/** Bytes of the texts that are sealed: noble takes some microseconds for each hundred. */
export const MAX_SEALED = 2_000;

/** One end's keys, and the counter of its next message. */
export class Sealer {
  #counter = 0;

  constructor(readonly keys: TransportKeys) {}

  /** Seals a text as it is: it is padded only if the text says so. */
  seal(text: Uint8Array): Uint8Array<ArrayBuffer> {
    const nonce = new Uint8Array(12);
    writeUint32(nonce, 4, this.#counter);
    const sealed = chacha20poly1305(this.keys.send, nonce).encrypt(text);
    const message = new Uint8Array(TRANSPORT_HEADER + sealed.length);
    message[0] = TRANSPORT;
    writeUint32(message, 4, this.keys.remoteIndex);
    writeUint32(message, 8, this.#counter++);
    message.set(sealed, TRANSPORT_HEADER);
    return message;
  }
}
