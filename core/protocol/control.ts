/**
 * Control texts from a server to its client (docs/internals/protocol.md): the header `01 HH LL`, then HHLL octets of text, which may
 * begin in the header's datagram and go on in the next ones, cut at the MTU. Commands are joined by `,`, words by a space.
 *
 * @module
 */
import { TokenBucket } from "../async/token_bucket.ts";
import { packetVersion } from "../packet/ip.ts";
import { CONTROL } from "./datagram.ts";

/** Bytes of the header: type and length of the text (u16, big endian). */
const CONTROL_HEADER_LENGTH = 3;
/** The control version that our server announces first in every text. */
export const CONTROL_VERSION = 2;
/** Longest text: its length is a 16-bit number. */
export const MAX_CONTROL_LENGTH = 0xffff;

/** A command of a control text: its name and its arguments. */
export interface ControlCommand {
  /** What to do. */
  readonly name: string;
  /** The arguments. */
  readonly words: readonly string[];
}

/**
 * Encodes a control text as datagrams of at most `mtu` bytes. An empty text is the answer to a heartbeat.
 *
 * @throws {RangeError} for a text of more than 65,535 bytes
 */
export function encodeControl(text: string, mtu: number): Uint8Array<ArrayBuffer>[] {
  const bytes = new TextEncoder().encode(text);
  const { length } = bytes;
  if (length > MAX_CONTROL_LENGTH) {
    throw new RangeError(
      `Cannot send a control text of ${length} bytes: the maximum is ${MAX_CONTROL_LENGTH}`,
    );
  }
  const message = new Uint8Array([CONTROL, length >>> 8, length & 0xff, ...bytes]);
  const datagrams: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < message.length;) {
    const length = Math.min(mtu, message.length - at);
    // Text in the form of a packet would be handled as one; with a byte less it has not that form.
    const end = at + length - (packetVersion(message, at, length) === 0 ? 0 : 1);
    datagrams.push(message.slice(at, end));
    at = end;
  }
  return datagrams;
}

/** Parses the commands of a text, in order. Empty ones are skipped. */
export function parseControl(text: string): ControlCommand[] {
  return text.split(",").flatMap((part) => {
    const [name, ...words] = part.split(" ").filter((word) => word !== "");
    return name === undefined ? [] : [{ name, words }];
  });
}

/** The effect of a datagram on the text that is being assembled. */
export type Assembly =
  /** The text is complete. */
  | { readonly kind: "text"; readonly text: string }
  /** More datagrams are to come. */
  | { readonly kind: "partial" }
  /** The datagram belongs to no control text. */
  | { readonly kind: "stray" };

/** Assembles control texts from the datagrams of one server. */
export class ControlAssembler {
  #decoder = new TextDecoder();
  #text = "";
  #missing = 0;

  /**
   * Adds the next datagram that is not a packet. A header begins a new text even if the last one is incomplete: texts are
   * ASCII, so none of their bytes is 01.
   */
  push(datagram: Uint8Array): Assembly {
    const isHeader = datagram[0] === CONTROL;
    if (isHeader ? datagram.length < CONTROL_HEADER_LENGTH : this.#missing === 0) return { kind: "stray" };
    if (isHeader) {
      this.#decoder = new TextDecoder();
      this.#text = "";
      this.#missing = (datagram[1] ?? 0) << 8 | (datagram[2] ?? 0);
    }
    // Bytes after the announced length belong to nothing.
    const start = isHeader ? CONTROL_HEADER_LENGTH : 0;
    const part = datagram.subarray(start, start + this.#missing);
    this.#missing -= part.length;
    const isPartial = this.#missing > 0;
    this.#text += this.#decoder.decode(part, { stream: isPartial });
    return isPartial ? { kind: "partial" } : { kind: "text", text: this.#text };
  }
}

/** Bytes of text a second for all such senders together, and the burst: the longest texts of a few clients that start. */
const BYTES_PER_SECOND = 4 * 1024;
const MAX_BURST = 64 * 1024;

/**
 * Bounds the control texts for senders that proved nothing and whose address may be forged. A text may have some kilobytes, so
 * without a bound it would amplify what an attacker sends to another machine.
 */
export class ControlBudget {
  readonly #bucket: TokenBucket;

  /** Makes a full budget. `now` is in milliseconds on any scale that is always the same. */
  constructor(now: number) {
    this.#bucket = new TokenBucket(BYTES_PER_SECOND, MAX_BURST, now);
  }

  /** Tells whether a text of so many bytes may be sent now. One above the burst may be sent when the budget is full. */
  take(bytes: number, now: number): boolean {
    return this.#bucket.take(Math.min(bytes, MAX_BURST), now);
  }
}
