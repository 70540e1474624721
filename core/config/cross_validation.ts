import { equalAddress, formatAddress, type IpAddress } from "../net/address.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { MAX_SESSION_MTU } from "../token/login.ts";
import {
  equalPrefix,
  formatPrefix,
  maskPrefix,
  type Prefix,
  prefixContains,
  prefixesOverlap,
} from "../net/prefix.ts";
import type { Config, Draft } from "./config.ts";
import type { Diagnostics, Positioned } from "./diagnostic.ts";
import { type ConfiguredRoute, pairName } from "./keys/networks.ts";
import { isHostAddress, tunnelAddresses } from "./virtual_network.ts";

/**
 * Reports every fault that shows only when lines are seen together. It is at the later of two lines.
 *
 * @param sound the configuration without the fields whose own lines are faulty: those would blame the wrong line
 */
export function crossValidate(draft: Draft, sound: Partial<Config>, faults: Diagnostics): void {
  checkTokens(draft, sound, faults);
  checkRoutes(draft, sound, faults);
  checkBridgePairs(draft, faults);
  checkProxies(draft, sound, faults);
  checkExpose(draft, sound, faults);
  checkSessionMtu(draft, faults);
}

/** Yields each line whose text an earlier line has too, behind the first of those. */
function* repeats<L>(
  lines: readonly L[],
  textOf: (line: L) => string,
): Generator<readonly [first: L, line: L]> {
  const firsts = new Map<string, L>();
  for (const line of lines) {
    const text = textOf(line);
    const first = firsts.get(text);
    if (first === undefined) firsts.set(text, line);
    else yield [first, line];
  }
}

function checkTokens({ tokens }: Draft, { addr }: Partial<Config>, faults: Diagnostics): void {
  for (const [first, token] of repeats(tokens, ({ value }) => value.name)) {
    faults.add(token, `duplicate token (first on line ${first.line})`);
  }
  for (const [first, { value, addressAt }] of repeats(tokens, ({ value }) => formatAddress(value.address))) {
    const text = formatAddress(value.address);
    faults.add(addressAt, `duplicate address ${text} (first on line ${first.line})`);
  }
  for (const { value, addressAt } of tokens) {
    const problem = addr && tokenAddressProblem(addr, value.address);
    if (problem !== undefined) faults.add(addressAt, problem);
  }
}

function tokenAddressProblem(addr: Prefix, address: IpAddress): string | undefined {
  const text = formatAddress(address);
  const network = formatPrefix(maskPrefix(addr));
  const { client, server } = tunnelAddresses(addr);
  if (!prefixContains(addr, address)) return `address ${text} is outside ${network}, the network of addr`;
  if (equalAddress(address, client)) return `address ${text} is the Docker side's own: expected another`;
  if (equalAddress(address, server)) return `address ${text} is the server's own: expected another`;
  return isHostAddress(addr, address)
    ? undefined
    : `address ${text} is the first or last of ${network}, which no host may have: expected another`;
}

function checkRoutes({ routes }: Draft, sound: Partial<Config>, faults: Diagnostics): void {
  const { addr, addr6 } = sound;
  const isIpv6Off = "addr6" in sound && addr6 === undefined;
  for (const route of routes) {
    const { prefix } = route.value;
    const text = formatPrefix(prefix);
    if (prefix.address.family === 6 && isIpv6Off) {
      faults.add(route, `${text} needs IPv6, which is off; see addr6 and mtu`);
    }
    for (const [key, virtual] of Object.entries({ addr, addr6 })) {
      if (virtual === undefined || !prefixesOverlap(virtual, prefix)) continue;
      const network = formatPrefix(maskPrefix(virtual));
      faults.add(route, `${text} overlaps ${network}, the virtual network: change it or ${key}`);
    }
  }
  for (const [earlier, later] of findOverlaps(routes)) {
    const there = `on line ${earlier.line}`;
    const text = formatPrefix(later.value.prefix);
    if (!equalPrefix(earlier.value.prefix, later.value.prefix)) {
      const other = formatPrefix(earlier.value.prefix);
      faults.add(later, `${text} overlaps ${other} ${there}: expected networks that do not overlap`);
    } else if (earlier.value.expose !== later.value.expose) {
      const [here, other] = later.value.expose ? ["with", "without"] : ["without", "with"];
      faults.add(later, `${text} is here ${here} expose and ${there} ${other} it: keep one of the lines`);
    }
  }
}

function checkBridgePairs({ bridgePairs }: Draft, faults: Diagnostics): void {
  for (const [first, pair] of repeats(bridgePairs, ({ value }) => pairName(value))) {
    if (first.value.connect === pair.value.connect) continue;
    faults.add(pair, `the pair contradicts line ${first.line}: keep one of the lines`);
  }
}

function checkProxies({ proxies }: Draft, { addr }: Partial<Config>, faults: Diagnostics): void {
  for (const [first, proxy] of repeats(proxies, ({ value }) => `${value.listenPort}`)) {
    const { host, port, listenPort } = proxy.value;
    if (first.value.host === host && first.value.port === port) continue;
    const where = `port ${listenPort} (first on line ${first.line})`;
    faults.add(proxy, `duplicate ${where}: expected another LISTENPORT`);
  }
  const own = addr && formatAddress(tunnelAddresses(addr).server);
  for (const proxy of proxies) {
    if (proxy.value.host !== own) continue;
    faults.add(proxy, `${own} is where the proxy itself listens: expected the service's own address`);
  }
}

function checkExpose(
  { expose: [expose] }: Draft,
  { host, port }: Partial<Config>,
  faults: Diagnostics,
): void {
  const endpoint = expose?.value?.endpoint;
  if (expose === undefined || endpoint === undefined || host === undefined || endpoint.port !== port) return;
  const everywhere = [endpoint.address, host].some(({ bytes }) => bytes.every((byte) => byte === 0));
  if (everywhere || equalAddress(endpoint.address, host)) {
    const [text, taken] = [endpoint, { address: host, port }].map(formatEndpoint);
    faults.add(expose, `${text} is in use by the tunnel itself, ${taken}: expected another port`);
  }
}

function checkSessionMtu({ expose: [expose], mtu: [mtu] }: Draft, faults: Diagnostics): void {
  if (expose?.value === undefined || mtu === undefined || mtu.value <= MAX_SESSION_MTU) return;
  faults.add(
    expose.line > mtu.line ? expose : mtu,
    `an mtu of ${mtu.value} leaves no room for what encryption adds to a packet of an accessor: ` +
      `expected ${MAX_SESSION_MTU} or less, or no expose`,
  );
}

/**
 * Yields each route that lies within another, or is the same, together with the narrowest such other, in the order of the
 * file. Networks are nested or apart, never crossed, so in the order of their first addresses a stack of the networks that
 * hold the current one is enough.
 */
export function* findOverlaps<R extends Positioned<ConfiguredRoute>>(
  routes: readonly R[],
): Generator<readonly [earlier: R, later: R]> {
  const outer: R[] = [];
  for (const route of routes.toSorted(compareRoutes)) {
    const { address } = route.value.prefix;
    outer.length = 1 + outer.findLastIndex(({ value }) => prefixContains(value.prefix, address));
    const enclosing = outer.at(-1);
    if (enclosing !== undefined) yield enclosing.line <= route.line ? [enclosing, route] : [route, enclosing];
    outer.push(route);
  }
}

function compareRoutes(a: Positioned<ConfiguredRoute>, b: Positioned<ConfiguredRoute>): number {
  const [first, second] = [sortKey(a.value.prefix), sortKey(b.value.prefix)];
  return first < second ? -1 : first > second ? 1 : a.line - b.line;
}

// Texts are ordered by their first different character.
function sortKey({ address: { family, bytes }, length }: Prefix): string {
  return String.fromCharCode(family, ...bytes, length);
}
