/**
 * The description that a client of version 2 sends after a server announced `version 2`: octet 03, then JSON
 * (docs/internals/protocol.md).
 *
 * @module
 */
import { DESCRIPTION } from "./datagram.ts";

/** The states of Docker's firewall. */
export const FIREWALL_STATES = ["open", "waiting", "nftables", "fault"] as const;

/** Docker's firewall as the client sees it. */
export interface FirewallFacts {
  /**
   * `open`: the client's rules are in Docker's chain; `waiting`: the chain does not exist yet; `nftables`: Docker uses
   * nftables, which no rule of the client overrides; `fault`: something is wrong.
   */
  readonly state: typeof FIREWALL_STATES[number];
  /** Whose chain has the client's rules, such as "iptables-nft"; null while none has. */
  readonly backend: string | null;
  /** How many rules of the client are active. */
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
  /** The last revision of the control text that it has applied; absent before the first. */
  readonly revision?: number;
  /** The container networks of its machine, such as "172.17.0.0/16". */
  readonly subnets?: readonly string[];
  /** How many more of them there are that did not fit. */
  readonly truncatedSubnets?: number;
  /** Docker's firewall. */
  readonly firewall?: FirewallFacts;
}

/** Limits of what is accepted from a client: characters of a text and of a fault, items of a list, a number. */
const MAX_TEXT = 64;
const MAX_FAULT = 300;
const MAX_LIST = 16;
const MAX_SUBNETS = 64;
const MAX_NUMBER = 0x7fffffff;

/**
 * Encodes a description as a datagram.
 *
 * @param maximum bytes that it may have; subnets at the end of the list are left out as needed
 */
export function encodeDescription(
  description: ClientDescription,
  maximum: number = Infinity,
): Uint8Array<ArrayBuffer> {
  const { firewall, subnets = [] } = description;
  const sound: ClientDescription = firewall?.fault === undefined
    ? description
    : { ...description, firewall: { ...firewall, fault: printable(firewall.fault).slice(0, MAX_FAULT) } };
  for (let count = Math.min(subnets.length, MAX_SUBNETS);; count--) {
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

/** Decodes a description; undefined when the datagram is not one. Unknown fields are left out. */
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
  if (!isText(version, MAX_TEXT) || !isList(addresses, MAX_LIST)) return undefined;
  if (revision !== undefined && !isCount(revision)) return undefined;
  if (subnets !== undefined && !isList(subnets, MAX_SUBNETS)) return undefined;
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
  if (backend !== null && !isText(backend, MAX_TEXT)) return undefined;
  if (fault !== undefined && !isText(fault, MAX_FAULT)) return undefined;
  return { state, backend, rules, ...fault === undefined ? {} : { fault } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown, maximum: number): value is string[] {
  return Array.isArray(value) && value.length <= maximum && value.every((each) => isText(each, MAX_TEXT));
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && typeof value === "number" && value >= 0 && value <= MAX_NUMBER;
}

/** Printable ASCII only: the text is shown in a terminal. */
function isText(value: unknown, maximum: number): value is string {
  return typeof value === "string" && value.length <= maximum && /^[\x20-\x7e]*$/.test(value);
}
