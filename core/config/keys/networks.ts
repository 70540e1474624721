import { equalAddress, formatAddress, type IpAddress, parseAddress } from "../../net/address.ts";
import { formatPrefix, type Prefix } from "../../net/prefix.ts";
import { err, ok, quote, type Result } from "../../result.ts";
import { listKey } from "../key.ts";
import { readRoutePrefix } from "../values.ts";

/** A container network that is routed into the tunnel. */
export interface ConfiguredRoute {
  /** The network, host bits clear. */
  readonly prefix: Prefix;
  /** Whether accessors reach it too. */
  readonly expose: boolean;
}

/** Two container networks and whether they are to reach each other. The order of the two does not matter. */
export interface NetworkPair {
  /** Network address (IPv4) of the one. */
  readonly a: IpAddress;
  /** Network address (IPv4) of the other. */
  readonly b: IpAddress;
  /** True for `A+B`, false for `A-B`. */
  readonly connect: boolean;
}

// What Docker accepts as a network's name (RestrictedNameChars in docker/docker/daemon/names).
const NETWORK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

const PAIR_FORM = `A+B or A-B, for example "172.18.0.0+172.19.0.0"`;

function readPair(text: string): Result<NetworkPair> {
  const [, first, sign, second] = /^([^+-]+)([+-])([^+-]+)$/.exec(text) ?? [];
  if (first === undefined || second === undefined) {
    return err(`invalid pair ${quote(text)}: expected ${PAIR_FORM}`);
  }
  const [a, b] = [readNetworkAddress(first), readNetworkAddress(second)];
  if (a.problem !== undefined) return a;
  if (b.problem !== undefined) return b;
  return equalAddress(a.value, b.value)
    ? err(`both networks of ${quote(text)} are the same: expected two`)
    : ok({ a: a.value, b: b.value, connect: sign === "+" });
}

function readNetworkAddress(text: string): Result<IpAddress> {
  const [bare = "", length] = text.split("/");
  const address = parseAddress(bare);
  if (address?.family !== 4) return err(`invalid IPv4 network address ${quote(text)}: expected ${PAIR_FORM}`);
  return length === undefined ? ok(address) : err(`${quote(text)} has a prefix length: expected "${bare}"`);
}

/** Writes the two networks of a pair; the same text for either order. */
export function pairName({ a, b }: NetworkPair): string {
  return [a, b].map(formatAddress).sort().join("+");
}

function readNetworkName(text: string): Result<string> {
  return NETWORK_NAME.test(text)
    ? ok(text)
    : err(`invalid name of a Docker network ${quote(text)}: see "docker network ls"`);
}

/** The records, by their fields of the configuration. */
export const networkKeys = {
  /** The routes; no two of them overlap. */
  routes: listKey({
    name: "route",
    syntax: "route CIDR [expose]",
    default: "none",
    example: "route 172.18.0.0/16",
    meaning: "a container network to reach through the tunnel; with expose, accessors reach it too",
    effect: ["routes", "sharing", "names"],
    read: (line) => {
      const prefix = line.value("CIDR", readRoutePrefix);
      const expose = line.flags("expose").has("expose");
      return prefix && { ...prefix, value: { prefix: prefix.value, expose } as ConfiguredRoute };
    },
    format: ({ prefix, expose }) => formatPrefix(prefix) + (expose ? " expose" : ""),
    needsExpose: { line: "route ... expose", applies: ({ expose }) => expose },
  }),
  /** Names of Docker networks that are not routed although they were discovered. */
  networksOff: listKey({
    name: "network",
    syntax: "network NAME off",
    default: "every discovered network is routed",
    example: "network build_default off",
    meaning: "a Docker network that is not to be routed although it was discovered",
    effect: ["routes", "names"],
    read: (line) => {
      const name = line.value("NAME", readNetworkName);
      const off = line.only(
        "off",
        (text) => text === "off" ? ok(text) : err(`unknown value ${quote(text)}: expected off`),
      );
      return off && name;
    },
    format: (name) => `${name} off`,
  }),
  /** Pairs of networks; no pair is there twice. */
  bridgePairs: listKey({
    name: "iptables",
    syntax: "iptables A+B or iptables A-B",
    default: "none",
    example: "iptables 172.18.0.0+172.19.0.0",
    meaning: "whether two container networks, named by their network addresses, reach each other",
    effect: ["client"],
    read: (line) => line.only("A+B or A-B", readPair),
    format: (pair) => pair.connect ? pairName(pair) : pairName(pair).replace("+", "-"),
  }),
} as const;
