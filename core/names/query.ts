/**
 * Reads a DNS query (RFC 1035 section 4, RFC 6891 for EDNS). Every byte is checked before it is read; nothing throws.
 *
 * @module
 */

/** Response codes of RFC 1035 section 4.1.1; BADVERS is RFC 6891's, whose upper bits stand in the OPT record. */
export const Rcode = { noError: 0, formErr: 1, nxDomain: 3, notImp: 4, refused: 5, badVers: 16 } as const;

/** Bytes of a message's header. */
export const HEADER_LENGTH = 12;

/** Bytes of a name in wire form, the last zero with it (RFC 1035 section 2.3.4). */
const MAX_NAME = 255;

/** Records of the additional section that are looked through for the OPT record; resolvers send one or two. */
const MAX_ADDITIONAL = 8;

/** The type of the OPT record (RFC 6891 section 6.1.1). */
const OPT = 41;

/** Bytes of an answer by UDP that every resolver takes (RFC 1035 section 2.3.4). */
const MIN_UDP_SIZE = 512;

/** Bytes that cross every network in one piece (DNS flag day 2020); what is longer is asked for by TCP. */
export const MAX_UDP_SIZE = 1232;

/** A query, or what is wrong with it. */
export interface Query {
  /** The code of the answer if the query cannot be looked up at all; `noError` if it can. */
  readonly rcode: number;
  /** The name in lower case, its labels with dots between; bytes that no name has stand as "?". */
  readonly name: string;
  /** The wanted type of records. */
  readonly type: number;
  /** The class of records; 1 is the Internet. */
  readonly class: number;
  /** Where the question ends; it begins after the header. The header's length where there is no question to repeat. */
  readonly questionEnd: number;
  /** Whether it has an OPT record, so that the answer must have one too. */
  readonly hasEdns: boolean;
  /** Bytes that the sender takes by UDP. */
  readonly udpSize: number;
}

/** Reads a message; undefined if it is no query at all and gets no answer: too short, or itself an answer. */
export function readQuery(bytes: Uint8Array): Query | undefined {
  if (bytes.length < HEADER_LENGTH || (bytes[2] & 0x80) !== 0) return undefined;
  // The opcode 0 is a query, others are updates and the like.
  if ((bytes[2] & 0x78) !== 0) return faulty(Rcode.notImp);
  const count = (at: number) => bytes[at] << 8 | bytes[at + 1];
  if (count(4) !== 1 || count(6) !== 0) return faulty(Rcode.formErr);
  let name = "";
  let at = HEADER_LENGTH;
  for (;;) {
    const length = bytes[at] ?? 64;
    // A question has nothing to point back at, and other kinds of labels are historic.
    if (length > 63 || at + 1 + length > Math.min(bytes.length, HEADER_LENGTH + MAX_NAME)) {
      return faulty(Rcode.formErr);
    }
    at++;
    if (length === 0) break;
    if (name !== "") name += ".";
    for (const end = at + length; at < end; at++) name += CHARACTERS[bytes[at]];
  }
  if (at + 4 > bytes.length) return faulty(Rcode.formErr);
  const question = { name, type: count(at), class: count(at + 2), questionEnd: at + 4 };
  const edns = readEdns(bytes, at + 4, count(8) === 0 ? count(10) : 0);
  return edns === undefined ? faulty(Rcode.formErr) : { ...question, ...edns };
}

function faulty(rcode: number): Query {
  const none = { name: "", type: 0, class: 0, questionEnd: HEADER_LENGTH };
  return { rcode, ...none, hasEdns: false, udpSize: MIN_UDP_SIZE };
}

/** The letters of a name by byte: lower case, "?" for all that no host name has. */
const CHARACTERS = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte).toLowerCase();
  return /^[a-z0-9_-]$/.test(character) ? character : "?";
});

/** Looks for the OPT record among the additional ones; undefined if they break off. */
function readEdns(
  bytes: Uint8Array,
  start: number,
  records: number,
): Pick<Query, "rcode" | "hasEdns" | "udpSize"> | undefined {
  let at = start;
  for (let record = 0; record < Math.min(records, MAX_ADDITIONAL); record++) {
    const end = skipName(bytes, at);
    if (end === undefined || end + 10 > bytes.length) return undefined;
    const number = (offset: number) => bytes[end + offset] << 8 | bytes[end + offset + 1];
    if (number(0) === OPT) {
      const udpSize = Math.min(Math.max(number(2), MIN_UDP_SIZE), MAX_UDP_SIZE);
      return { rcode: bytes[end + 5] === 0 ? Rcode.noError : Rcode.badVers, hasEdns: true, udpSize };
    }
    at = end + 10 + number(8);
    if (at > bytes.length) return undefined;
  }
  return { rcode: Rcode.noError, hasEdns: false, udpSize: MIN_UDP_SIZE };
}

/** Where the name that begins here ends; undefined if it breaks off. */
function skipName(bytes: Uint8Array, start: number): number | undefined {
  for (let at = start; at < Math.min(bytes.length, start + MAX_NAME);) {
    const length = bytes[at];
    if (length === 0) return at + 1;
    // A pointer ends a name (RFC 1035 section 4.1.4).
    if ((length & 0xc0) === 0xc0) return at + 2;
    if (length > 63) return undefined;
    at += 1 + length;
  }
  return undefined;
}
