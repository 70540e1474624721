import { HEADER_LENGTH, type Query, Rcode, readQuery } from "./query.ts";
import { ednsRecord, NO_SECTIONS, pointerSections, type Sections } from "./records.ts";
import { type NameEntry, parentOf, type Zone } from "./zone.ts";

/** Types of records, RFC 1035 section 3.2.2 and 3.2.3, RFC 3596 section 2.1; 251 and 252 ask for a whole zone. */
const Type = { a: 1, ns: 2, soa: 6, ptr: 12, aaaa: 28, ixfr: 251, axfr: 252, any: 255 } as const;

/** The class of the Internet, and any class. */
const CLASSES = [1, 255];

/** Bits of the header's second pair of bytes: answer, authoritative, truncated, recursion desired. */
const QR = 0x80;
const AA = 0x04;
const TC = 0x02;
const RD = 0x01;

/** A result of a look-up. */
interface Finding {
  readonly rcode: number;
  readonly sections: Sections;
  readonly isAuthoritative: boolean;
}

const REFUSED: Finding = { rcode: Rcode.refused, sections: NO_SECTIONS, isAuthoritative: false };

/**
 * Answers a DNS message from a zone. It never throws, whatever the bytes are.
 *
 * @param query the message
 * @param limit bytes that an answer may have; undefined: what the query says it takes by UDP
 * @param turn a number that changes from query to query, so that addresses take turns
 * @returns the answer; undefined where none is due
 */
export function answerQuery(
  zone: Zone,
  query: Uint8Array,
  limit: number | undefined,
  turn: number,
): Uint8Array<ArrayBuffer> | undefined {
  const read = readQuery(query);
  if (read === undefined) return undefined;
  const finding = read.rcode === Rcode.noError ? lookUp(zone, read, turn) : { ...REFUSED, rcode: read.rcode };
  return write(query, read, finding, limit ?? read.udpSize);
}

function lookUp(zone: Zone, { name, type, class: asked }: Query, turn: number): Finding {
  if (!CLASSES.includes(asked) || type === Type.axfr || type === Type.ixfr) return REFUSED;
  if (name.endsWith(".arpa")) {
    const pointer = zone.pointers.get(name);
    if (pointer !== undefined) {
      return found(zone, type === Type.ptr || type === Type.any ? pointerSections(pointer) : undefined);
    }
  }
  const isApex = name === zone.domain;
  if (isApex && (type === Type.soa || type === Type.ns)) {
    return found(zone, type === Type.soa ? zone.soa : zone.ns);
  }
  const entry = findEntry(zone, name);
  if (entry !== undefined) return found(zone, recordsOf(entry, type, turn));
  if (!isApex && !name.endsWith(`.${zone.domain}`)) return REFUSED;
  // A name with others below it exists, although it has no records (RFC 8020).
  if (isApex || zone.parents.has(name)) return found(zone, undefined);
  return { rcode: Rcode.nxDomain, sections: zone.authority, isAuthoritative: true };
}

function found(zone: Zone, sections: Sections | undefined): Finding {
  return { rcode: Rcode.noError, sections: sections ?? zone.authority, isAuthoritative: true };
}

/** Finds the entry of a name, or of the nearest name above it: each name stands for all below it. */
function findEntry({ names, parents, domain }: Zone, name: string): NameEntry | undefined {
  let label = "";
  for (let at = name; at !== "" && at !== domain; at = parentOf(at)) {
    const entry = names.get(at);
    if (entry !== undefined) return entry.hasReplicas && /^\d+$/.test(label) ? undefined : entry;
    // What is below a name that only has others below it is not there (RFC 4592 section 3.3.1).
    if (parents.has(at)) return undefined;
    label = at.slice(0, at.indexOf("."));
  }
  return undefined;
}

function recordsOf({ a, aaaa }: NameEntry, type: number, turn: number): Sections | undefined {
  // RFC 8482 section 4.1: some of the records are enough for "any".
  if (type === Type.any) return a.at(turn) ?? aaaa.at(turn);
  return type === Type.a ? a.at(turn) : type === Type.aaaa ? aaaa.at(turn) : undefined;
}

/** Writes the answer; without its records if it is too long. */
function write(query: Uint8Array, read: Query, finding: Finding, limit: number): Uint8Array<ArrayBuffer> {
  const { rcode, isAuthoritative } = finding;
  const edns = read.hasEdns ? ednsRecord(rcode) : undefined;
  const fixed = read.questionEnd + (edns?.length ?? 0);
  const isTruncated = fixed + finding.sections.bytes.length > limit;
  const { answers, authorities, bytes } = isTruncated ? NO_SECTIONS : finding.sections;
  const out = new Uint8Array(fixed + bytes.length);
  out.set(query.subarray(0, read.questionEnd));
  out[2] = QR | (query[2] & 0x78) | (isAuthoritative ? AA : 0) | (isTruncated ? TC : 0) | (query[2] & RD);
  out[3] = rcode & 15;
  out[4] = 0;
  out[5] = read.questionEnd > HEADER_LENGTH ? 1 : 0;
  out[6] = 0;
  out[7] = answers;
  out[8] = 0;
  out[9] = authorities;
  out[10] = 0;
  out[11] = edns === undefined ? 0 : 1;
  out.set(bytes, read.questionEnd);
  if (edns !== undefined) out.set(edns, fixed - edns.length + bytes.length);
  return out;
}
