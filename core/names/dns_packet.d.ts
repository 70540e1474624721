/**
 * The part of dns-packet that is used. Its types of DefinitelyTyped bring those of Node with them, which change the types of
 * the whole project.
 *
 * @module
 */
import type { Buffer } from "node:buffer";

/** A record of a section; `data` depends on the type. */
export interface DnsRecord {
  /** The type's name. */
  readonly type: string;
  /** Whose record it is. */
  readonly name: string;
  /** Seconds. */
  readonly ttl?: number;
  /** A text, or an object of the type's fields. */
  readonly data?: unknown;
}

/** A message. */
export interface DnsMessage {
  /** Whether it asks. */
  readonly type?: "query" | "response";
  /** The sender's number of it. */
  readonly id?: number;
  /** The header's bits. */
  readonly flags?: number;
  /** What is asked. */
  readonly questions?: readonly Pick<DnsRecord, "type" | "name">[];
  /** What answers it. */
  readonly answers?: readonly DnsRecord[];
  /** Who answers for the zone. */
  readonly authorities?: readonly DnsRecord[];
  /** What else. */
  readonly additionals?: readonly unknown[];
}

/** A message that was read. */
export interface DecodedMessage extends DnsMessage {
  /** The response code's name. */
  readonly rcode: string;
  /** Whether records were left out. */
  readonly flag_tc: boolean;
  /** Whether recursion was wished. */
  readonly flag_rd: boolean;
  /** Whether there is recursion. */
  readonly flag_ra: boolean;
  /** Whether it comes from the zone's own server. */
  readonly flag_aa: boolean;
}

/** The library. */
declare const dnsPacket: {
  /** A bit of the flags. */
  readonly RECURSION_DESIRED: number;
  /** Writes a message. */
  encode(message: DnsMessage): Buffer;
  /** Reads a message; throws where it is malformed. */
  decode(bytes: Buffer): DecodedMessage;
};
export default dnsPacket;
