/**
 * What a server tells an accessor once it is in (docs/internals/protocol.md): the byte 01, then
 *
 * ```
 * addr ADDRESS/LENGTH,peer ADDRESS,mtu N,dns DOMAIN,route CIDR,route CIDR...
 * ```
 *
 * as in the original but for "dns", in one datagram or one transport message. What does not fit into one is told in several
 * texts, each with all of the above and some of the routes; then each ends in `part I/N G`, I from 1 to N, G
 * being the same number in all of them and another one whenever something has changed. An unknown command is
 * passed over, so that more can be told one day.
 *
 * @module
 */
import { formatAddress, type IpAddress, parseAddress } from "../net/address.ts";
import { isHostName } from "../net/host_name.ts";
import { equalPrefix, formatPrefix, maskPrefix, parsePrefix, type Prefix } from "../net/prefix.ts";

/** First byte of a login reply, of the original's login, and of a question for the reply. */
export const LOGIN = 1;
/** Most routes of a reply, and most parts. */
export const MAX_ROUTES = 8192;
const MAX_PARTS = 1024;
/** The commands that must not be there twice. */
const ONCE = new Set(["addr", "peer", "mtu", "dns", "part"]);
/** Parts are numbered by generations below this. */
const GENERATIONS = 0x1_0000;
/** Least and largest MTU in bytes, as in the config file. */
const MIN_MTU = 576;
const MAX_MTU = 65_507;
/**
 * The largest packet of a session in bytes. A datagram over IPv4 holds 65,507, of which the header and the
 * tag of a transport message take 32, and the packet is padded to a multiple of 16 (WireGuard whitepaper
 * section 5.4.6).
 */
export const MAX_SESSION_MTU = 65_472;

/** What an accessor is to set up. */
export interface Login {
  /** Its own virtual address, with the length of the virtual network. */
  readonly address: Prefix;
  /** The server's virtual address. */
  readonly peer: IpAddress;
  /** The largest packet in the tunnel, in bytes. */
  readonly mtu: number;
  /** The domain of containers' names, which the peer answers by DNS; absent: it answers none. */
  readonly domain?: string;
  /** The exposed networks. */
  readonly routes: readonly Prefix[];
}

/** Which part of a reply a text is. */
export interface LoginPart {
  /** From 1 to `count`. */
  readonly index: number;
  /** How many parts the reply has. */
  readonly count: number;
  /** The same in all parts of one reply, below 65536. */
  readonly generation: number;
}

/** One text: a whole login, or a part of one. */
export interface LoginText {
  /** What the text says; of the routes those in it. */
  readonly login: Login;
  /** Undefined if the text is whole. */
  readonly part: LoginPart | undefined;
}

/**
 * The texts of a login, each with its first byte.
 *
 * @param size the most bytes of a text: the MTU, so that it fits where a packet does; 576 or more
 * @param generation a number that is another one after each change; it is taken modulo 65536
 * @throws {RangeError} for more than {@linkcode MAX_ROUTES} routes or a smaller size
 */
export function encodeLogin(login: Login, size: number, generation: number): Uint8Array<ArrayBuffer>[] {
  if (login.routes.length > MAX_ROUTES) {
    throw new RangeError(`Cannot tell ${login.routes.length} routes: ${MAX_ROUTES} are the most`);
  }
  if (size < MIN_MTU) throw new RangeError(`Cannot tell a login in ${size} bytes: ${MIN_MTU} are the least`);
  const { address, peer, mtu, domain } = login;
  const head = `addr ${formatPrefix(address)},peer ${formatAddress(peer)},mtu ${mtu}` +
    (domain === undefined ? "" : `,dns ${domain}`);
  const routes = login.routes.map((route) => `,route ${formatPrefix(route)}`);
  const message = (text: string) => new TextEncoder().encode(String.fromCharCode(LOGIN) + text);
  const whole = head + routes.join("");
  if (1 + whole.length <= size) return [message(whole)];
  const room = size - 1 - head.length - `,part ${MAX_PARTS}/${MAX_PARTS} ${GENERATIONS}`.length;
  const groups = [""];
  for (const route of routes) {
    if (groups[groups.length - 1].length + route.length > room) groups.push("");
    groups[groups.length - 1] += route;
  }
  return groups.map((group, index) =>
    message(`${head}${group},part ${index + 1}/${groups.length} ${generation % GENERATIONS}`)
  );
}

/**
 * Reads one text with its first byte; undefined if it is not what a server sends. Zeros at the end, by which WireGuard
 * pads, are passed over.
 */
export function parseLogin(message: Uint8Array): LoginText | undefined {
  if (message[0] !== LOGIN || message.length > MAX_MTU) return undefined;
  let end = message.length;
  while (end > 1 && message[end - 1] === 0) end--;
  const text = new TextDecoder("latin1").decode(message.subarray(1, end));
  if (!/^[ -~]+$/.test(text)) return undefined;
  /** Of the commands that may be there once: what follows the name. */
  const values = new Map<string, string>();
  const routes: Prefix[] = [];
  for (const command of text.split(",")) {
    const [, name = "", value = ""] = /^([a-z0-9]+)(?: (.*))?$/.exec(command) ?? [];
    if (name === "route") {
      const route = readRoute(value);
      if (route === undefined || routes.length === MAX_ROUTES) return undefined;
      routes.push(route);
    } else if (name === "" || ONCE.has(name) && values.has(name)) return undefined;
    else values.set(name, value);
  }
  const address = parsePrefix(values.get("addr") ?? "");
  const peer = parseAddress(values.get("peer") ?? "");
  const mtu = readNumber(values.get("mtu") ?? "", MIN_MTU, MAX_MTU);
  const part = readPart(values.get("part") ?? "");
  if (address?.address.family !== 4 || peer?.family !== 4 || mtu === undefined) return undefined;
  if (part === undefined && values.has("part")) return undefined;
  const domain = values.get("dns");
  if (domain !== undefined && !isHostName(domain)) return undefined;
  return { login: { address, peer, mtu, ...domain === undefined ? {} : { domain }, routes }, part };
}

/** Why a login cannot be applied, worded for people; undefined if it can. */
export function loginFault({ mtu }: Login): string | undefined {
  if (mtu <= MAX_SESSION_MTU) return undefined;
  return `Cannot join the server's network: its mtu is ${mtu}, and a session carries ${MAX_SESSION_MTU} at most. ` +
    "Set a smaller mtu at the server";
}

function readRoute(text: string): Prefix | undefined {
  const route = parsePrefix(text);
  // A default route would take the machine's own traffic, the way to the server included.
  if (route === undefined || route.length === 0) return undefined;
  return equalPrefix(route, maskPrefix(route)) ? route : undefined;
}

function readNumber(text: string, least: number, most: number): number | undefined {
  const number = /^(?:0|[1-9]\d{0,5})$/.test(text) ? Number(text) : NaN;
  return number >= least && number <= most ? number : undefined;
}

function readPart(text: string): LoginPart | undefined {
  const [, first = "", second = "", third = ""] = /^(\d+)\/(\d+) (\d+)$/.exec(text) ?? [];
  const count = readNumber(second, 1, MAX_PARTS);
  const index = readNumber(first, 1, count ?? 0);
  const generation = readNumber(third, 0, GENERATIONS - 1);
  if (count === undefined || index === undefined || generation === undefined) return undefined;
  return { index, count, generation };
}

/** Puts the parts of a login together; at most one reply is being collected. */
export class LoginAssembler {
  readonly #parts = new Map<number, Login>();
  #generation = -1;
  #count = 0;

  /** Takes the next text of the server; returns the login, once it is complete. */
  push({ login, part }: LoginText): Login | undefined {
    if (part?.generation !== this.#generation || part.count !== this.#count) this.#parts.clear();
    if (part === undefined) return login;
    this.#generation = part.generation;
    this.#count = part.count;
    this.#parts.set(part.index, login);
    // No server tells so many: what has come so far is let go of before it fills the memory.
    if (this.routes > MAX_ROUTES) this.#parts.clear();
    if (this.#parts.size < part.count) return undefined;
    const parts = [...this.#parts].sort(([a], [b]) => a - b).map(([, each]) => each);
    this.#parts.clear();
    return { ...login, routes: parts.flatMap((each) => each.routes) };
  }

  /** Routes of the parts that are kept. */
  get routes(): number {
    return this.#parts.values().reduce((sum, { routes }) => sum + routes.length, 0);
  }

  /** Whether some parts have come and others have not: then the accessor asks again after a while. */
  get isIncomplete(): boolean {
    return this.#parts.size > 0;
  }
}
