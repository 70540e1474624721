/**
 * The checks of lines against each other. The fault is at the later of two lines.
 *
 * @module
 */
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

/** The values that other lines are checked against; undefined where they are faulty. */
export interface ValidationContext {
  /** The virtual IPv4 network. */
  readonly addr: Prefix | undefined;
  /** The virtual IPv6 network; null if IPv6 is off. */
  readonly addr6: Prefix | null | undefined;
  /** The local address and port of the tunnel's socket. */
  readonly tunnel: Pick<Config, "host" | "port"> | undefined;
}

/** Reports every fault that shows only when lines are seen together. */
export function crossValidate(draft: Draft, context: ValidationContext, faults: Diagnostics): void {
  checkTokens(draft, context, faults);
  checkRoutes(draft, context, faults);
  checkBridgePairs(draft, faults);
  checkProxies(draft, faults);
  checkExpose(draft, context, faults);
  checkSessionMtu(draft, faults);
}

function checkTokens({ tokens }: Draft, { addr }: ValidationContext, faults: Diagnostics): void {
  const names = new Map<string, number>();
  const addresses = new Map<string, number>();
  for (const token of tokens) {
    const { name, address } = token.value;
    const sameName = names.get(name);
    if (sameName === undefined) names.set(name, token.line);
    else faults.add(token, `duplicate token (first on line ${sameName})`);
    const text = formatAddress(address);
    const sameNumber = addresses.get(text);
    if (sameNumber === undefined) addresses.set(text, token.line);
    else faults.add(token.addressAt, `duplicate address ${text} (first on line ${sameNumber})`);
    const problem = addr && tokenAddressProblem(addr, address);
    if (problem !== undefined) faults.add(token.addressAt, problem);
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

function checkRoutes({ routes }: Draft, { addr, addr6 }: ValidationContext, faults: Diagnostics): void {
  for (const route of routes) {
    const { prefix } = route.value;
    const text = formatPrefix(prefix);
    if (prefix.address.family === 6 && addr6 === null) {
      faults.add(route, `${text} needs IPv6, which is off; see addr6 and mtu`);
    }
    for (const [key, virtual] of Object.entries({ addr, addr6 })) {
      if (!virtual || !prefixesOverlap(virtual, prefix)) continue;
      const network = formatPrefix(maskPrefix(virtual));
      faults.add(route, `${text} overlaps ${network}, the virtual network: change it or ${key}`);
    }
  }
  for (const { earlier, later } of findOverlaps(routes)) {
    const there = formatPrefix(earlier.value.prefix);
    const here = formatPrefix(later.value.prefix);
    if (!equalPrefix(earlier.value.prefix, later.value.prefix)) {
      faults.add(
        later,
        `${here} overlaps ${there} on line ${earlier.line}: expected networks that do not overlap`,
      );
    } else if (earlier.value.expose !== later.value.expose) {
      const [one, other] = later.value.expose ? ["with", "without"] : ["without", "with"];
      faults.add(
        later,
        `${here} is here ${one} expose and on line ${earlier.line} ${other} it: keep one of the lines`,
      );
    }
  }
}

function checkBridgePairs({ bridgePairs }: Draft, faults: Diagnostics): void {
  const seen = new Map<string, Draft["bridgePairs"][number]>();
  for (const pair of bridgePairs) {
    const name = pairName(pair.value);
    const earlier = seen.get(name);
    if (earlier === undefined) seen.set(name, pair);
    else if (earlier.value.connect !== pair.value.connect) {
      faults.add(pair, `the pair contradicts line ${earlier.line}: keep one of the lines`);
    }
  }
}

function checkProxies({ proxies }: Draft, faults: Diagnostics): void {
  const seen = new Map<number, Draft["proxies"][number]>();
  for (const proxy of proxies) {
    const { host, port, listenPort } = proxy.value;
    const earlier = seen.get(listenPort);
    if (earlier === undefined) seen.set(listenPort, proxy);
    else if (earlier.value.host !== host || earlier.value.port !== port) {
      faults.add(
        proxy,
        `duplicate port ${listenPort} (first on line ${earlier.line}): expected another LISTENPORT`,
      );
    }
  }
}

function checkExpose({ expose: [expose] }: Draft, { tunnel }: ValidationContext, faults: Diagnostics): void {
  const endpoint = expose?.value?.endpoint;
  if (expose === undefined || endpoint === undefined || tunnel === undefined) return;
  const everywhere = [endpoint.address, tunnel.host].some(({ bytes }) => bytes.every((byte) => byte === 0));
  if (endpoint.port === tunnel.port && (everywhere || equalAddress(endpoint.address, tunnel.host))) {
    const taken = formatEndpoint({ address: tunnel.host, port: tunnel.port });
    faults.add(
      expose,
      `${formatEndpoint(endpoint)} is in use by the tunnel itself, ${taken}: expected another port`,
    );
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

/** Two route lines that share addresses. */
export interface Overlap {
  /** The line that comes first in the file. */
  readonly earlier: Positioned<ConfiguredRoute>;
  /** The line that comes later. */
  readonly later: Positioned<ConfiguredRoute>;
}

/**
 * Returns each route that lies within another, or is the same, together with the narrowest such other.
 * Networks are nested or apart, never crossed, so in the order of their first addresses a stack of the
 * networks that hold the current one is enough.
 */
export function findOverlaps(routes: readonly Positioned<ConfiguredRoute>[]): Overlap[] {
  const overlaps: Overlap[] = [];
  const outer: Positioned<ConfiguredRoute>[] = [];
  for (const route of routes.toSorted(compareRoutes)) {
    const { address } = route.value.prefix;
    let enclosing = outer.at(-1);
    while (enclosing !== undefined && !prefixContains(enclosing.value.prefix, address)) {
      outer.pop();
      enclosing = outer.at(-1);
    }
    if (enclosing !== undefined) {
      const [earlier, later] = enclosing.line <= route.line ? [enclosing, route] : [route, enclosing];
      overlaps.push({ earlier, later });
    }
    outer.push(route);
  }
  return overlaps;
}

function compareRoutes(a: Positioned<ConfiguredRoute>, b: Positioned<ConfiguredRoute>): number {
  return comparePrefixes(a.value.prefix, b.value.prefix) || a.line - b.line;
}

function comparePrefixes(a: Prefix, b: Prefix): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  const differing = a.address.bytes.findIndex((byte, index) => byte !== b.address.bytes[index]);
  const difference = (a.address.bytes[differing] ?? 0) - (b.address.bytes[differing] ?? 0);
  return difference || a.length - b.length;
}
