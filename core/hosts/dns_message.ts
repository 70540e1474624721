/**
 * DNS messages (RFC 1035 section 4) as the client's name server needs them: what a query asks, and answers to it. `dns-packet`
 * reads and writes names and records; no other module knows it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { formatAddress, type IpAddress } from "../net/address.ts";

/** Bytes of the header. */
const HEADER_LENGTH = 12;
/** The flags: QR in a response, AA, TC, RD, RA, and the four bits of OPCODE. RFC 1035 section 4.1.1. */
const FLAG = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursion: 0x0100,
  available: 0x0080,
} as const;

/** How a query went: RCODE of RFC 1035 section 4.1.1. */
export const RCODE = { ok: 0, formatError: 1, serverFailure: 2, notImplemented: 4, refused: 5 } as const;

/** What a query asks. */
export interface DnsQuestion {
  /** The name in lower case, without the dot at its end. */
  readonly name: string;
  /** The type as a word, such as "A"; "UNKNOWN_65" where it has none. */
  readonly type: string;
}

/** What a datagram is. */
export type DnsQuery =
  /** A query with one question of the Internet's class. */
  | { readonly kind: "question"; readonly question: DnsQuestion }
  /** A query that is not understood; the answer says so. */
  | { readonly kind: "faulty"; readonly rcode: number }
  /** Not a query at all: nothing is answered, so that no two servers answer each other for ever. */
  | { readonly kind: "none" };

interface Question {
  readonly name: string;
  readonly type: string;
  readonly class: string;
}

/** The part of dns-packet that is used. It comes without types. */
interface DnsPacket {
  /** The function notes on itself how many bytes it has read. */
  readonly question: {
    readonly decode: { (bytes: Uint8Array, offset: number): Question; readonly bytes: number };
  };
  decode(bytes: Uint8Array): { readonly additionals: readonly { readonly type: string }[] };
  encode(message: Record<string, unknown>): Uint8Array;
}

const library: DnsPacket = dnsPacket;

/** The library reads by the methods of Node's buffers. */
function asBuffer(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Tells what a datagram, or a message without the length that TCP puts before it, asks. Any bytes may be given. */
export function readDnsQuery(message: Uint8Array): DnsQuery {
  if (message.length < HEADER_LENGTH) return { kind: "none" };
  const flags = word(message, 2);
  if ((flags & FLAG.response) !== 0) return { kind: "none" };
  if ((flags & FLAG.opcode) !== 0) return { kind: "faulty", rcode: RCODE.notImplemented };
  if (word(message, 4) !== 1) return { kind: "faulty", rcode: RCODE.formatError };
  try {
    const { name, type, class: kind } = library.question.decode(asBuffer(message), HEADER_LENGTH);
    if (kind !== "IN") return { kind: "faulty", rcode: RCODE.refused };
    return { kind: "question", question: { name: name.toLowerCase(), type } };
  } catch {
    return { kind: "faulty", rcode: RCODE.formatError };
  }
}

/** A record of an answer. */
export type DnsRecord =
  | { readonly type: "A" | "AAAA"; readonly address: IpAddress }
  | { readonly type: "PTR"; readonly name: string };

/** Seconds for which an answer holds: the hosts file may change at any time. */
const TIME_TO_LIVE = 5;
/** Bytes of a UDP message that this server takes (DNS flag day 2020). */
const UDP_PAYLOAD_SIZE = 1232;
/** Bytes of an answer by UDP to a client that names no size: RFC 1035 section 4.2.1. */
const MAX_PLAIN_LENGTH = 512;

/**
 * Answers a query that {@linkcode readDnsQuery} understood with these records, or with none: the name is there, a record of that
 * type is not. What does not fit into 512 bytes is left out.
 */
export function answerDnsQuery(query: Uint8Array, records: readonly DnsRecord[]): Uint8Array {
  const { name, type, class: kind } = library.question.decode(asBuffer(query), HEADER_LENGTH);
  const encode = (some: readonly DnsRecord[]) =>
    library.encode({
      id: word(query, 0),
      type: "response",
      flags: FLAG.authoritative | FLAG.available | word(query, 2) & FLAG.recursion,
      questions: [{ name, type, class: kind }],
      answers: some.map((record) => ({
        name,
        type: record.type,
        class: "IN",
        ttl: TIME_TO_LIVE,
        data: record.type === "PTR" ? record.name : formatAddress(record.address),
      })),
      // RFC 6891 section 6.1.1: the answer to a query with OPT has one.
      additionals: hasOpt(query)
        ? [{ type: "OPT", name: ".", udpPayloadSize: UDP_PAYLOAD_SIZE, flags: 0, options: [] }]
        : [],
    });
  for (let count = records.length; count > 0; count--) {
    const answer = encode(records.slice(0, count));
    if (answer.length <= MAX_PLAIN_LENGTH) return answer;
  }
  return encode([]);
}

/** Answers with a fault: header and, where it can be read, question of the query. So it is never longer than the query. */
export function refuseDnsQuery(query: Uint8Array, rcode: number): Uint8Array {
  return shortAnswer(query, rcode);
}

/** Answers that the query has to come by TCP, whose sender's address cannot be forged (RFC 1035 section 4.1.1, TC). */
export function truncateDnsQuery(query: Uint8Array): Uint8Array {
  return shortAnswer(query, FLAG.truncated | RCODE.ok);
}

function shortAnswer(query: Uint8Array, flags: number): Uint8Array {
  const answer = query.slice(0, questionEnd(query));
  const hasQuestion = answer.length > HEADER_LENGTH;
  setWord(
    answer,
    2,
    FLAG.response | FLAG.available | (word(query, 2) & (FLAG.opcode | FLAG.recursion)) | flags,
  );
  setWord(answer, 4, hasQuestion ? 1 : 0);
  for (const at of [6, 8, 10]) setWord(answer, at, 0);
  return answer;
}

/** The question as bytes: a name server repeats it in its answer. */
export function questionBytes(message: Uint8Array): Uint8Array {
  return message.subarray(HEADER_LENGTH, questionEnd(message));
}

/** Whether a message is the response to a query with this id and question. */
export function isResponseTo(query: Uint8Array, id: number, response: Uint8Array): boolean {
  if (response.length < HEADER_LENGTH || word(response, 0) !== id) return false;
  if ((word(response, 2) & FLAG.response) === 0) return false;
  const [asked, answered] = [questionBytes(query), response.subarray(HEADER_LENGTH)];
  // A server that could not read the query may leave the question out.
  if (word(response, 4) === 0) return (word(response, 2) & 0xf) !== RCODE.ok;
  return answered.length >= asked.length &&
    asked.every((byte, index) => foldCase(byte) === foldCase(answered[index] ?? 0));
}

/** The message with another id; the bytes are a copy. */
export function withId(message: Uint8Array, id: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(message);
  setWord(copy, 0, id);
  return copy;
}

/** The id that the message has. */
export function idOf(message: Uint8Array): number {
  return word(message, 0);
}

function questionEnd(message: Uint8Array): number {
  try {
    library.question.decode(asBuffer(message), HEADER_LENGTH);
    return HEADER_LENGTH + library.question.decode.bytes;
  } catch {
    return Math.min(HEADER_LENGTH, message.length);
  }
}

function hasOpt(query: Uint8Array): boolean {
  try {
    return library.decode(asBuffer(query)).additionals.some(({ type }) => type === "OPT");
  } catch {
    return false;
  }
}

function foldCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}

function setWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}
