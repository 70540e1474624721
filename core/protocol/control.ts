/**
 * Control texts from a server to its client (docs/protocol.md): the header `01 HH LL`, then HHLL octets of text, which may
 * begin in the header's datagram and go on in the next ones, cut at the MTU. Commands are joined by `,`, words by a space.
 *
 * @module
 */
import { packetVersion } from "../packet/ip.ts";
import { CONTROL } from "./datagram.ts";

/** Octets of the header: type and length of the text (u16, big endian). */
export const CONTROL_HEADER = 3;
/** The control version that our server announces first in every text. */
export const CONTROL_VERSION = 2;
/** Longest text: its length is a 16-bit number. */
export const MAX_CONTROL_LENGTH = 0xffff;

/** A command of a control text: its name and its arguments. */
export interface ControlCommand {
  /** What is to be done. */
  readonly name: string;
  /** What it is to be done with. */
  readonly words: readonly string[];
}

/**
 * The datagrams of a control text, each of at most `mtu` octets. An empty text is the answer to a heartbeat.
 *
 * @throws {RangeError} for a text of more than 65,535 octets
 */
export function encodeControl(text: string, mtu: number): Uint8Array<ArrayBuffer>[] {
  const octets = new TextEncoder().encode(text);
  if (octets.length > MAX_CONTROL_LENGTH) {
    throw new RangeError(
      `Cannot send a control text of ${octets.length} octets: ${MAX_CONTROL_LENGTH} is the most`,
    );
  }
  const message = new Uint8Array(CONTROL_HEADER + octets.length);
  message.set([CONTROL, octets.length >>> 8, octets.length & 0xff]);
  message.set(octets, CONTROL_HEADER);
  const datagrams: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < message.length;) {
    const length = Math.min(mtu, message.length - at);
    // Text that has the form of a packet would be taken for one; with an octet less it has not.
    const end = at + length - (packetVersion(message, at, length) === 0 ? 0 : 1);
    datagrams.push(message.slice(at, end));
    at = end;
  }
  return datagrams;
}

/** The commands of a text, in order; empty ones are skipped. */
export function parseControl(text: string): ControlCommand[] {
  return text.split(",").flatMap((part) => {
    const [name, ...words] = part.split(" ").filter((word) => word !== "");
    return name === undefined ? [] : [{ name, words }];
  });
}

/** What a datagram did to the text being assembled. */
export type Assembly =
  /** The whole text is there. */
  | { readonly kind: "text"; readonly text: string }
  /** More datagrams are to come. */
  | { readonly kind: "partial" }
  /** The datagram belongs to no control. */
  | { readonly kind: "stray" };

/** Puts control texts together from the datagrams of one server. */
export class ControlAssembler {
  #parts: Uint8Array[] = [];
  #missing = 0;

  /**
   * Takes the next datagram that is no packet. A header begins a new text, whatever was missing of the last one:
   * the text is ASCII, so none of its octets is 01.
   */
  push(datagram: Uint8Array): Assembly {
    if (datagram[0] === CONTROL) {
      if (datagram.length < CONTROL_HEADER) return { kind: "stray" };
      this.#parts = [];
      this.#missing = (datagram[1] ?? 0) << 8 | (datagram[2] ?? 0);
      return this.#take(datagram.subarray(CONTROL_HEADER));
    }
    return this.#missing === 0 ? { kind: "stray" } : this.#take(datagram);
  }

  #take(part: Uint8Array): Assembly {
    // What exceeds the announced length belongs to nothing.
    const octets = part.slice(0, this.#missing);
    this.#parts.push(octets);
    this.#missing -= octets.length;
    if (this.#missing > 0) return { kind: "partial" };
    const decoder = new TextDecoder();
    const text = this.#parts.map((each) => decoder.decode(each, { stream: true })).join("") +
      decoder.decode();
    this.#parts = [];
    return { kind: "text", text };
  }
}
