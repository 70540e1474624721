/**
 * WireGuard's transport messages in hexadecimal (whitepaper section 5.4.6), by an implementation that shares nothing with
 * the one under test.
 *
 * @module
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";

/** Octets before the sealed text. */
const HEADER = 16;

function nonceOf(counter: bigint): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, counter, true);
  return nonce;
}

/** One direction of a session. */
export interface Direction {
  /** 32 octets as text. */
  readonly key: string;
  /** The receiver's index. */
  readonly index: number;
}

/** A message with this text, padded with zeros. */
export function sealMessage({ key, index }: Direction, counter: number | bigint, text: string): string {
  const octets = Uint8Array.fromHex(text);
  const padded = new Uint8Array(Math.ceil(octets.length / 16) * 16);
  padded.set(octets);
  const sealed = chacha20poly1305(Uint8Array.fromHex(key), nonceOf(BigInt(counter))).encrypt(padded);
  const message = new Uint8Array(HEADER + sealed.length);
  const view = new DataView(message.buffer);
  message[0] = 4;
  view.setUint32(4, index, true);
  view.setBigUint64(8, BigInt(counter), true);
  message.set(sealed, HEADER);
  return message.toHex();
}

/**
 * The counter and the text of a message, with its padding.
 *
 * @throws {Error} when it is no authentic message of this direction
 */
export function openMessage(
  { key, index }: Direction,
  hex: string,
): { readonly counter: bigint; readonly text: string } {
  const message = Uint8Array.fromHex(hex);
  const view = new DataView(message.buffer);
  if (view.getUint32(0, true) !== 4 || view.getUint32(4, true) !== index) {
    throw new Error(`no message for ${index}`);
  }
  const counter = view.getBigUint64(8, true);
  const text = chacha20poly1305(Uint8Array.fromHex(key), nonceOf(counter)).decrypt(message.subarray(HEADER));
  return { counter, text: text.toHex() };
}
