/**
 * What a client of version 2 says of itself after a server announced `version 2`: octet 03, then JSON (docs/protocol.md).
 *
 * @module
 */
import { DESCRIPTION } from "./datagram.ts";

/**
 * How Docker's firewall is in the client's machine: the client's rules are in its chain, there is no such chain yet, it is
 * nftables' own (which no rule of the client overrides), or something is wrong.
 */
export type FirewallState = "open" | "waiting" | "nftables" | "fault";

/** Docker's firewall as the client sees it. */
export interface FirewallFacts {
  /** How it is. */
  readonly state: FirewallState;
  /** Whose chain has the client's rules, such as "iptables-nft"; null while none has. */
  readonly backend: string | null;
  /** How many rules of the client are in force. */
  readonly rules: number;
  /** What keeps packets from passing, with what to do about it; absent when nothing does. */
  readonly fault?: string;
}

/** A client's description of itself. */
export interface ClientDescription {
  /** The client's version, such as "0.1.0". */
  readonly version: string;
  /** The addresses of its tunnel interface. */
  readonly addresses: readonly string[];
  /** The last revision of the control text that it has taken; absent before the first. */
  readonly revision?: number;
  /** The container networks of its machine, such as "172.17.0.0/16". */
  readonly subnets?: readonly string[];
  /** How many more of them there are that found no room. */
  readonly truncatedSubnets?: number;
  /** Docker's firewall. */
  readonly firewall?: FirewallFacts;
}

/** Longest texts that are taken over from a client, and longest list. */
const TEXT_MAXIMUM = 64;
const FAULT_MAXIMUM = 300;
const LIST_MAXIMUM = 16;
const SUBNETS_MAXIMUM = 64;
/** Largest number that is taken over. */
const NUMBER_MAXIMUM = 0x7fffffff;

const FIREWALL_STATES: readonly FirewallState[] = ["open", "waiting", "nftables", "fault"];

/**
 * The datagram of a description.
 *
 * @param maximum octets that it may take; subnets at the end of the list are left out as needed
 */
export function encodeDescription(
  description: ClientDescription,
  maximum: number = Infinity,
): Uint8Array<ArrayBuffer> {
  const { firewall, subnets = [] } = description;
  const sound: ClientDescription = firewall?.fault === undefined
    ? description
    : { ...description, firewall: { ...firewall, fault: printable(firewall.fault).slice(0, FAULT_MAXIMUM) } };
  for (let count = Math.min(subnets.length, SUBNETS_MAXIMUM);; count--) {
    const left = subnets.length - count;
    const datagram = encode(
      left === 0 ? sound : { ...sound, subnets: subnets.slice(0, count), truncatedSubnets: left },
    );
    if (datagram.length <= maximum || count === 0) return datagram;
  }
}

function encode(description: ClientDescription): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(description));
  const datagram = new Uint8Array(1 + text.length);
  datagram[0] = DESCRIPTION;
  datagram.set(text, 1);
  return datagram;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
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
  if (!isObject(value)) return undefined;
  const { version, addresses, revision, subnets, truncatedSubnets } = value;
  if (!isText(version, TEXT_MAXIMUM) || !isList(addresses, LIST_MAXIMUM)) return undefined;
  if (revision !== undefined && !isCount(revision)) return undefined;
  if (subnets !== undefined && !isList(subnets, SUBNETS_MAXIMUM)) return undefined;
  if (truncatedSubnets !== undefined && !isCount(truncatedSubnets)) return undefined;
  const firewall = value.firewall === undefined ? undefined : readFirewall(value.firewall);
  if (firewall === undefined && value.firewall !== undefined) return undefined;
  return {
    version,
    addresses,
    ...revision === undefined ? {} : { revision },
    ...subnets === undefined ? {} : { subnets },
    ...truncatedSubnets === undefined ? {} : { truncatedSubnets },
    ...firewall === undefined ? {} : { firewall },
  };
}

function readFirewall(value: unknown): FirewallFacts | undefined {
  if (!isObject(value)) return undefined;
  const { state: word, backend, rules, fault } = value;
  const state = FIREWALL_STATES.find((each) => each === word);
  if (state === undefined || !isCount(rules)) return undefined;
  if (backend !== null && !isText(backend, TEXT_MAXIMUM)) return undefined;
  if (fault !== undefined && !isText(fault, FAULT_MAXIMUM)) return undefined;
  return { state, backend, rules, ...fault === undefined ? {} : { fault } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown, maximum: number): value is string[] {
  return Array.isArray(value) && value.length <= maximum && value.every((each) => isText(each, TEXT_MAXIMUM));
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && typeof value === "number" && value >= 0 && value <= NUMBER_MAXIMUM;
}

/** Printable ASCII only: the text is shown in a terminal. */
function isText(value: unknown, maximum: number): value is string {
  return typeof value === "string" && value.length <= maximum && /^[\x20-\x7e]*$/.test(value);
}
