// @ts-types="./dns_packet.d.ts"
import dnsPacket from "dns-packet";
import type { DnsMessage, DnsRecord } from "./dns_packet.d.ts";
import type { IpAddress } from "../net/address.ts";
import { formatAddress } from "../net/address.ts";
import { HEADER_LENGTH, MAX_UDP_SIZE } from "./query.ts";

/** Seconds that a resolver may keep an answer: a container that ends is gone for everybody within that. */
export const TTL = 1;

/** Answer sections of one name hold at most so many records; with IPv6 that is 1.8 KB, for which resolvers use TCP. */
export const MAX_RECORDS = 64;

/** The records of an answer behind the question, encoded. Their names point to the question's, so any question has them. */
export interface Sections {
  /** Records that answer. */
  readonly answers: number;
  /** Records of the authority section. */
  readonly authorities: number;
  /** Both, as they stand in a message. */
  readonly bytes: Uint8Array;
}

/** Sections without records. */
export const NO_SECTIONS: Sections = { answers: 0, authorities: 0, bytes: new Uint8Array() };

/** A pointer to the name of the question, which stands behind the header (RFC 1035 section 4.1.4). */
const POINTER = [0xc0, HEADER_LENGTH];

/** Orders of one name's records that take turns. */
const MAX_ORDERS = 8;

/**
 * The addresses of one family and name as A or AAAA records. They take turns in the first place, so that the containers of a
 * service share the load. Each order is encoded when it is asked for, and then kept.
 */
export class AddressRecords {
  readonly #orders: Sections[] = [];

  /** Takes the addresses in the order of the first answer. */
  constructor(readonly addresses: readonly IpAddress[]) {}

  /** The records; undefined if there are none. `turn` is any whole number from 0 on. */
  at(turn: number): Sections | undefined {
    const count = this.addresses.length;
    if (count === 0) return undefined;
    const first = turn % Math.min(count, MAX_ORDERS);
    return this.#orders[first] ??= addressSections([
      ...this.addresses.slice(first),
      ...this.addresses.slice(0, first),
    ]);
  }
}

function addressSections(addresses: readonly IpAddress[]): Sections {
  return answerSections(addresses.map((address) => ({
    type: address.family === 4 ? "A" : "AAAA",
    data: formatAddress(address),
  })));
}

/** Encodes a name as the PTR record of the asked one. */
export function pointerSections(name: string): Sections {
  return answerSections([{ type: "PTR", data: name }]);
}

/** Encodes the NS record of the asked name. */
export function nameServerSections(name: string): Sections {
  return answerSections([{ type: "NS", data: name }]);
}

/**
 * Encodes the SOA record of a zone, as an answer or, of the zone above the asked name, as the sign that there is none.
 *
 * @param zone its name
 * @param server the name of its server
 * @param serial a number that grows with each change
 */
export function authoritySections(
  zone: string,
  server: string,
  serial: number,
  isAnswer: boolean,
): Sections {
  // RFC 2308: the least of the TTL and the last number limits how long an absence is kept. There is no second server
  // for the other times.
  const times = { refresh: 3600, retry: 600, expire: 86_400, minimum: TTL };
  const data = { mname: server, rname: `hostmaster.${zone}`, serial, ...times };
  if (isAnswer) return answerSections([{ type: "SOA", data }]);
  const authorities = [{ type: "SOA", name: zone, ttl: TTL, data }];
  return { answers: 0, authorities: 1, bytes: encoded({ authorities }) };
}

function answerSections(records: readonly Pick<DnsRecord, "type" | "data">[]): Sections {
  const kept = records.slice(0, MAX_RECORDS);
  const bytes = kept.flatMap((record) => {
    const answer = { ...record, name: ".", ttl: TTL };
    // The root's name is one zero byte, in whose place the pointer comes.
    return [...POINTER, ...encoded({ answers: [answer] }).subarray(1)];
  });
  return { answers: kept.length, authorities: 0, bytes: Uint8Array.from(bytes) };
}

/** The sections as the library writes them, without the header. */
function encoded(sections: Pick<DnsMessage, "answers" | "authorities">): Uint8Array {
  return Uint8Array.from(dnsPacket.encode({ type: "response", id: 0, ...sections }).subarray(HEADER_LENGTH));
}

/**
 * The OPT record of an answer (RFC 6891 section 6.1.2): the root's name, type 41, the size that is taken here, the upper
 * bits of the response code, version 0, no flags and no options.
 */
export function ednsRecord(rcode: number): Uint8Array {
  return Uint8Array.of(0, 0, 41, MAX_UDP_SIZE >> 8, MAX_UDP_SIZE & 0xff, rcode >> 4, 0, 0, 0, 0, 0);
}
