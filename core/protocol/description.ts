/**
 * What a client of version 2 says of itself after a server announced `version 2`: octet 03, then JSON.
 *
 * @module
 */
import { DESCRIPTION } from "./datagram.ts";

/** A client's description of itself. */
export interface ClientDescription {
  /** The client's version, such as "0.1.0". */
  readonly version: string;
  /** The addresses of its tunnel interface. */
  readonly addresses: readonly string[];
}

/** Longest text that is taken over from a client. */
const TEXT_MAXIMUM = 64;
const LIST_MAXIMUM = 16;

/** The datagram of a description. */
export function encodeDescription(description: ClientDescription): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(description));
  const datagram = new Uint8Array(1 + text.length);
  datagram[0] = DESCRIPTION;
  datagram.set(text, 1);
  return datagram;
}

/** Reads a description; undefined when the datagram is none. Fields it does not know are left out. */
export function decodeDescription(datagram: Uint8Array): ClientDescription | undefined {
  if (datagram[0] !== DESCRIPTION) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(datagram.subarray(1)));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { version, addresses } = value as Record<string, unknown>;
  if (!isShortText(version) || !Array.isArray(addresses) || addresses.length > LIST_MAXIMUM) return undefined;
  return addresses.every(isShortText) ? { version, addresses } : undefined;
}

/** Printable ASCII only: the text is shown in a terminal. */
function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length <= TEXT_MAXIMUM && /^[\x20-\x7e]*$/.test(value);
}
