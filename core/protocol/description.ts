import { parseEndpoint } from "../net/endpoint.ts";
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
  /** What keeps packets from passing; absent when nothing does. */
  readonly fault?: string;
  /** What to do about that; a client of 0.1.0 says it in the fault. */
  readonly remedy?: string;
}

/**
 * A client's description of itself, which one of version 2 sends after a server announced `version 2`: octet 03, then JSON
 * (docs/internals/protocol.md).
 */
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
  /** Milliseconds between its heartbeats while nothing else is sent; absent: 5,000. */
  readonly heartbeatMs?: number;
  /** Whether it answers probes (core/protocol/probe.ts); absent: no. */
  readonly answersProbes?: boolean;
  /** Its machine's own addresses, each with the UDP port where it answers probes of the direct path: "10.0.0.2:40000". */
  readonly direct?: readonly string[];
  /** The public key for which it wants a certificate, with a proof (core/https/certificate_request.ts): two texts of base64. */
  readonly certificateKey?: string;
}

/** Limits of what is accepted from a client: characters of a text and of a fault, items of a list, a number. */
const MAX_TEXT = 64;
const MAX_FAULT = 300;
const MAX_LIST = 16;
const MAX_SUBNETS = 64;
/** Addresses of a machine that are told and probed: a machine has one or two that its desktop may reach. */
export const MAX_DIRECT = 8;
/** 91 bytes of key and 16 of proof in base64, and the blank between them. */
const MAX_CERTIFICATE_KEY = 149;
const MAX_NUMBER = 0x7fffffff;

/** Encodes a description as a datagram of at most `maximum` bytes; subnets at the end of the list are left out as needed. */
export function encodeDescription(
  description: ClientDescription,
  maximum: number = Infinity,
): Uint8Array<ArrayBuffer> {
  const { firewall, subnets = [] } = description;
  const clean = ([name, value]: [string, unknown]) => {
    const isText = name === "fault" || name === "remedy";
    return [name, isText ? String(value).replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_FAULT) : value];
  };
  const sound = firewall === undefined
    ? description
    : { ...description, firewall: Object.fromEntries(Object.entries(firewall).map(clean)) };
  for (let count = Math.min(subnets.length, MAX_SUBNETS);; count--) {
    const left = subnets.length - count;
    const fitting = left === 0
      ? sound
      : { ...sound, subnets: subnets.slice(0, count), truncatedSubnets: left };
    const text = new TextEncoder().encode(JSON.stringify(fitting));
    if (1 + text.length <= maximum || count === 0) return new Uint8Array([DESCRIPTION, ...text]);
  }
}

type Check = (value: unknown) => boolean;
type Shape<T> = { readonly [Field in keyof T]-?: Check };

const isCount: Check = (value) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_NUMBER;

/** Printable ASCII only: the text is shown in a terminal. */
const isText = (maximum: number): Check => (value) =>
  typeof value === "string" && value.length <= maximum && /^[\x20-\x7e]*$/.test(value);

const isList = (maximum: number): Check => (value) =>
  Array.isArray(value) && value.length <= maximum && value.every(isText(MAX_TEXT));

const isOptional = (check: Check): Check => (value) => value === undefined || check(value);

const FIREWALL_SHAPE: Shape<FirewallFacts> = {
  state: (value) => FIREWALL_STATES.some((state) => state === value),
  backend: (value) => value === null || isText(MAX_TEXT)(value),
  rules: isCount,
  fault: isOptional(isText(MAX_FAULT)),
  remedy: isOptional(isText(MAX_FAULT)),
};

const CLIENT_SHAPE: Shape<ClientDescription> = {
  version: isText(MAX_TEXT),
  addresses: isList(MAX_LIST),
  revision: isOptional(isCount),
  subnets: isOptional(isList(MAX_SUBNETS)),
  truncatedSubnets: isOptional(isCount),
  firewall: isOptional((value) => pick(value, FIREWALL_SHAPE) !== undefined),
  heartbeatMs: isOptional(isCount),
  answersProbes: isOptional((value) => typeof value === "boolean"),
  certificateKey: isOptional(isText(MAX_CERTIFICATE_KEY)),
  direct: isOptional((value) =>
    isList(MAX_DIRECT)(value) && (value as string[]).every((each) => parseEndpoint(each) !== undefined)
  ),
};

/** Picks the fields of a shape, without those that are absent; undefined where one does not fit. */
function pick<T>(value: unknown, shape: Shape<T>): T | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = Object.keys(shape).map((name) => [name, Reflect.get(value, name)] as const);
  if (!fields.every(([name, field]) => shape[name as keyof T](field))) return undefined;
  return Object.fromEntries(fields.filter(([, field]) => field !== undefined)) as T;
}

/** Decodes a description; undefined when the datagram is not one. Unknown fields are left out. */
export function decodeDescription(datagram: Uint8Array): ClientDescription | undefined {
  if (datagram[0] !== DESCRIPTION) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(datagram.subarray(1));
    const description = pick(JSON.parse(text), CLIENT_SHAPE);
    const firewall = pick(description?.firewall, FIREWALL_SHAPE);
    return description && firewall ? { ...description, firewall } : description;
  } catch {
    return undefined;
  }
}
