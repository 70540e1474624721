/**
 * The checks of lines against each other. A line is blamed with the place of the later of two.
 *
 * @module
 */
import { equalAddress, formatAddress } from "../net/address.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { LARGEST_SESSION_MTU } from "../token/login.ts";
import {
  equalPrefix,
  formatPrefix,
  maskPrefix,
  type Prefix,
  prefixContains,
  prefixesOverlap,
} from "../net/prefix.ts";
import type { Config } from "./config.ts";
import type { Draft, TokenLine } from "./draft.ts";
import type { FaultList } from "./diagnostic.ts";
import { findOverlaps } from "./route_overlap.ts";
import { isHostAddress, rolesOf } from "./virtual_network.ts";

/** The values of a whole configuration that other lines are checked against; undefined where they are faulty. */
export interface Frame {
  /** The virtual IPv4 network. */
  readonly addr: Prefix | undefined;
  /** The virtual IPv6 network; null if IPv6 is off. */
  readonly addr6: Prefix | null | undefined;
  /** The local address and port of the tunnel's socket. */
  readonly tunnel: Pick<Config, "host" | "port"> | undefined;
}

/** Notes every fault that shows only when lines are seen together. */
export function checkTogether(draft: Draft, frame: Frame, faults: FaultList): void {
  checkTokens(draft.tokens, frame.addr, faults);
  checkRoutes(draft, frame, faults);
  checkBridgePairs(draft, faults);
  checkProxies(draft, faults);
  checkExpose(draft, frame, faults);
  checkSessionMtu(draft, faults);
}

function checkTokens(tokens: readonly TokenLine[], addr: Prefix | undefined, faults: FaultList): void {
  const names = new Map<string, number>();
  const addresses = new Map<string, number>();
  for (const { name, address } of tokens) {
    const namesake = names.get(name.value);
    if (namesake === undefined) names.set(name.value, name.line);
    else faults.add(name, `the token is the same as the one on line ${namesake}; expected another`);
    const text = formatAddress(address.value);
    const holder = addresses.get(text);
    if (holder === undefined) addresses.set(text, address.line);
    else {faults.add(
        address,
        `the address ${text} is given to the token on line ${holder} already; expected another`,
      );}
    const unfit = addr && tokenAddressProblem(addr, address.value);
    if (unfit !== undefined) faults.add(address, unfit);
  }
}

function tokenAddressProblem(addr: Prefix, address: TokenLine["address"]["value"]): string | undefined {
  const text = formatAddress(address);
  const network = formatPrefix(maskPrefix(addr));
  const roles = rolesOf(addr);
  if (!prefixContains(addr, address)) return `the address ${text} is outside ${network}, the network of addr`;
  if (equalAddress(address, roles.client)) {
    return `the address ${text} is the Docker side's own; expected another`;
  }
  if (equalAddress(address, roles.server)) return `the address ${text} is the server's own; expected another`;
  return isHostAddress(addr, address)
    ? undefined
    : `the address ${text} is the first or last of ${network}, which no host may have; expected another`;
}

function checkRoutes({ routes }: Draft, { addr, addr6 }: Frame, faults: FaultList): void {
  for (const route of routes) {
    const { prefix } = route.value;
    const text = formatPrefix(prefix);
    if (prefix.address.family === 6 && addr6 === null) {
      faults.add(route, `${text} needs IPv6, which is off; see addr6 and mtu`);
    }
    for (const [key, virtual] of Object.entries({ addr, addr6 })) {
      if (!virtual || !prefixesOverlap(virtual, prefix)) continue;
      const network = formatPrefix(maskPrefix(virtual));
      faults.add(route, `${text} overlaps ${network}, the virtual network; change it or ${key}`);
    }
  }
  for (const { earlier, later } of findOverlaps(routes)) {
    const there = formatPrefix(earlier.value.prefix);
    const here = formatPrefix(later.value.prefix);
    if (!equalPrefix(earlier.value.prefix, later.value.prefix)) {
      faults.add(
        later,
        `${here} overlaps ${there} on line ${earlier.line}; expected networks that are apart`,
      );
    } else if (earlier.value.expose !== later.value.expose) {
      const [one, other] = later.value.expose ? ["with", "without"] : ["without", "with"];
      faults.add(
        later,
        `${here} is here ${one} expose and on line ${earlier.line} ${other} it; keep one of the lines`,
      );
    }
  }
}

function checkBridgePairs({ bridgePairs }: Draft, faults: FaultList): void {
  const seen = new Map<string, Draft["bridgePairs"][number]>();
  for (const pair of bridgePairs) {
    const names = [formatAddress(pair.value.a), formatAddress(pair.value.b)].sort();
    const earlier = seen.get(names.join());
    if (earlier === undefined) seen.set(names.join(), pair);
    else if (earlier.value.connect !== pair.value.connect) {
      faults.add(pair, `the pair contradicts line ${earlier.line}; keep one of the lines`);
    }
  }
}

function checkProxies({ proxies }: Draft, faults: FaultList): void {
  const seen = new Map<number, Draft["proxies"][number]>();
  for (const proxy of proxies) {
    const { host, port, listenPort } = proxy.value;
    const earlier = seen.get(listenPort);
    if (earlier === undefined) seen.set(listenPort, proxy);
    else if (earlier.value.host !== host || earlier.value.port !== port) {
      faults.add(
        proxy,
        `port ${listenPort} is listened on by line ${earlier.line}; expected another LISTENPORT`,
      );
    }
  }
}

function checkExpose({ expose }: Draft, { tunnel }: Frame, faults: FaultList): void {
  const endpoint = expose?.value?.endpoint;
  if (expose === undefined || endpoint === undefined || tunnel === undefined) return;
  const everywhere = [endpoint.address, tunnel.host].some(({ bytes }) => bytes.every((byte) => byte === 0));
  if (endpoint.port === tunnel.port && (everywhere || equalAddress(endpoint.address, tunnel.host))) {
    const taken = formatEndpoint({ address: tunnel.host, port: tunnel.port });
    faults.add(
      expose,
      `${formatEndpoint(endpoint)} is taken by the tunnel itself, ${taken}; expected another port`,
    );
  }
}

function checkSessionMtu({ expose, mtu }: Draft, faults: FaultList): void {
  if (expose?.value === undefined || mtu === undefined || mtu.value <= LARGEST_SESSION_MTU) return;
  faults.add(
    expose.line > mtu.line ? expose : mtu,
    `an mtu of ${mtu.value} leaves no room for what encryption adds to a packet of an accessor; ` +
      `expected ${LARGEST_SESSION_MTU} or less, or no expose`,
  );
}
