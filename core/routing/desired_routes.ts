import type { Config } from "../config/config.ts";
import { specialPurposePrefix } from "../config/virtual_network.ts";
import { equalPrefix, formatPrefix, maskPrefix, type Prefix, prefixesOverlap } from "../net/prefix.ts";
import type { DockerNetwork } from "../docker/engine_json.ts";
import type { RouteProblem } from "./route_problem.ts";

/** A network that the machine reaches by another way than the tunnel. */
export interface OtherRoute {
  /** The network. */
  readonly prefix: Prefix;
  /** The interface it is on or routed to; undefined where the system does not say. */
  readonly interfaceName: string | undefined;
  /** Whether the interface has its own address in it; else a program made the route, as a VPN does. */
  readonly isOwn?: boolean;
  /** Whether the interface is a tunnel (TUN, utun, PPP, WireGuard): no network of neighbours is behind it. */
  readonly isTunnel?: boolean;
}

/** What decides. */
export interface RouteInputs {
  /** The active configuration. */
  readonly config: Pick<Config, "routes" | "networksOff" | "addr" | "addr6" | "expose">;
  /** Whether the tunnel carries IPv6. */
  readonly ipv6: boolean;
  /** The networks that the Engine has. */
  readonly networks: readonly DockerNetwork[];
  /** The machine's own networks. */
  readonly foreign: readonly OtherRoute[];
}

/** A route that is to be active, or would be if nothing stood against it. */
export interface DesiredRoute {
  /** The container network, host bits clear. */
  readonly prefix: Prefix;
  /** Who asked for it. */
  readonly source: "config" | "docker";
  /** Name of the Docker network; undefined for a line of the configuration. */
  readonly network?: string;
  /** Why it must not be active. */
  readonly fault?: RouteProblem;
  /** What it takes away although it may be active. */
  readonly warning?: RouteProblem;
  /** Whether its halves are to be routed in its place, since a VPN has a route of the very same prefix. */
  readonly isHalved?: boolean;
  /** The interface of the VPN that most likely did it, should the route be taken away. */
  readonly suspect?: string;
}

/**
 * What became of a subnet: wanted as a route, left to a `route` line, excluded by a `network` line, or not carried
 * since it is IPv6 and that is off.
 */
export type SubnetUse = "route" | "config" | "off" | "ipv6";

/** A subnet of a Docker network and its use. */
export interface SubnetDecision {
  /** The network. */
  readonly network: DockerNetwork;
  /** The subnet. */
  readonly prefix: Prefix;
  /** What became of it. */
  readonly use: SubnetUse;
}

/** The routes, and how it came to them. */
export interface RouteDecisions {
  /** The routes, those of the configuration first; no prefix is there twice. */
  readonly routes: readonly DesiredRoute[];
  /** Every subnet of every network, in their order. */
  readonly subnets: readonly SubnetDecision[];
}

/**
 * Prefixes shorter than this are no network of their own but the default route in pieces, which VPNs make: 0.0.0.0/1
 * and 128.0.0.0/1, or what is left of them when some networks are spared. 10.0.0.0/8 is the widest private network
 * (RFC 1918). A subnet of that width would take addresses of the Internet away.
 */
export const MIN_PREFIX_LENGTH = 8;

/**
 * Decides on the routes. Lines of the configuration win: a subnet that shares addresses with one of them is left to
 * it. A subnet that shares addresses with the tunnel's own network is not routed, nor one that would take away what the
 * machine reaches: an equal or narrower network, or one that an interface is on. A wider route, such as a VPN's of all of
 * 10.0.0.0/8, loses to the subnet by length; that is only told. So is a VPN's route of the very same prefix, which loses to the
 * subnet's halves, and one of a part of the subnet, which wins there.
 */
export function computeDesiredRoutes({ config, ipv6, networks, foreign }: RouteInputs): RouteDecisions {
  const pushed = foreign.filter(({ isTunnel, isOwn }) => isTunnel === true && isOwn !== true);
  const routes = new Map<string, DesiredRoute>(
    config.routes.map(({ prefix }) => [
      formatPrefix(prefix),
      { prefix, source: "config", ...besideVpns(prefix, pushed, foreign) },
    ]),
  );
  if (config.expose !== undefined) {
    // The desktop's own answers to accessors, who have addresses of the virtual network.
    const prefix = maskPrefix(config.addr);
    routes.set(formatPrefix(prefix), { prefix, source: "config" });
  }
  const off = new Set(config.networksOff);
  const useOf = (prefix: Prefix, network: string): SubnetUse => {
    if (off.has(network)) return "off";
    if (config.routes.some((line) => prefixesOverlap(line.prefix, prefix))) return "config";
    return prefix.address.family === 4 || ipv6 ? "route" : "ipv6";
  };
  const subnets = networks.flatMap((network) =>
    network.subnets.map((prefix) => ({ network, prefix, use: useOf(prefix, network.name) }))
  );
  for (const { network: { name: network }, prefix, use } of subnets) {
    const key = formatPrefix(prefix);
    if (use !== "route" || routes.has(key)) continue;
    const about = { ...besideVpns(prefix, pushed, foreign), ...objection(prefix, network, config, foreign) };
    routes.set(key, { prefix, source: "docker", network, ...about });
  }
  return { routes: [...routes.values()], subnets };
}

/** What stands against the route, or what people have to know of it. */
function objection(
  prefix: Prefix,
  name: string,
  { addr, addr6 }: RouteInputs["config"],
  foreign: readonly OtherRoute[],
): Pick<DesiredRoute, "fault" | "warning"> {
  const text = formatPrefix(prefix);
  const otherSubnet = "Give the Docker network another subnet";
  const fault = (problem: Omit<RouteProblem, "message">, state: string) => ({
    fault: { ...problem, message: `Cannot route ${text} of Docker network ${name}: ${state}` },
  });
  if (prefix.length < MIN_PREFIX_LENGTH) {
    return fault({ cause: "failed", remedy: otherSubnet }, `it is wider than /${MIN_PREFIX_LENGTH}`);
  }
  const special = specialPurposePrefix(prefix);
  if (special !== undefined) {
    const state = `it overlaps ${special}, which never leaves this host`;
    return fault({ cause: "failed", remedy: otherSubnet }, state);
  }
  for (const [key, virtual] of Object.entries({ addr, addr6 })) {
    if (virtual === undefined || !prefixesOverlap(virtual, prefix)) continue;
    const other = formatPrefix(maskPrefix(virtual));
    const remedy = `${otherSubnet}, or change ${key}`;
    const state = `it overlaps ${other}, the virtual network`;
    return fault({ cause: "overlap", other, owner: "the virtual network", remedy }, state);
  }
  const isPart = ({ prefix: other, isTunnel }: OtherRoute) =>
    isTunnel === true && other.length > prefix.length;
  const isBeaten = (other: OtherRoute) =>
    other.isOwn !== true && other.prefix.length < prefix.length || isVpnRouteOf(prefix, other);
  const clash = findConflict(prefix, foreign.filter((other) => !isBeaten(other) && !isPart(other)));
  if (clash !== undefined) {
    // A line for the very same network would only fail at the system.
    const isSame = equalPrefix(maskPrefix(clash.prefix), prefix);
    const override = isSame ? "" : `, or add the line "route ${text}" to route it nevertheless`;
    return fault({ ...conflictOf(prefix, clash), remedy: otherSubnet + override }, formatConflict(clash));
  }
  const part = findConflict(prefix, foreign.filter(isPart));
  if (part !== undefined) return { warning: partProblem(text, name, part) };
  const beaten = findConflict(prefix, foreign.filter(isBeaten));
  if (beaten === undefined) return {};
  const other = formatPrefix(maskPrefix(beaten.prefix));
  const what = other === text ? text : `${text} out of ${other}`;
  const message = `Docker network ${name} takes ${what}, which this machine reaches${byInterface(beaten)}`;
  const remedy =
    `If you need those addresses there, give the Docker network another subnet, or write "network ${name} off"`;
  return { warning: { ...ownerOf(beaten), cause: "hides", other, message, remedy } };
}

/** The warning of a VPN's route to a part of the network: that wins, and the rest is the containers'. */
function partProblem(text: string, name: string, part: OtherRoute): RouteProblem {
  const other = formatPrefix(maskPrefix(part.prefix));
  return {
    ...ownerOf(part),
    cause: "partial",
    other,
    message: `Docker network ${name} has ${text} without ${other}, which this machine reaches${
      byInterface(part)
    }`,
    remedy: "If containers have addresses there, give the Docker network another subnet",
  };
}

/**
 * Whether this is a VPN's route of the very same prefix, so that halves win over it. A single address has none. The network of the
 * VPN's own address is no such route: its gateway and its name server are there, and without them the VPN would fail.
 */
function isVpnRouteOf(prefix: Prefix, { prefix: other, isOwn, isTunnel }: OtherRoute): boolean {
  return isTunnel === true && isOwn !== true && prefix.length < prefix.address.bytes.length * 8 &&
    equalPrefix(maskPrefix(other), prefix);
}

/**
 * Tells how a route gets on with the machine's VPNs: whether its halves are needed, and whose interface is suspected of taking it
 * away. That is the tunnel with the narrowest route around the prefix, or else with any: a VPN that takes routes away has some.
 * Halves would also take a network that an interface is on, so there are none where one has the prefix as well.
 *
 * @param pushed what VPNs have routed into their tunnels, of all that is foreign
 */
function besideVpns(
  prefix: Prefix,
  pushed: readonly OtherRoute[],
  foreign: readonly OtherRoute[],
): Pick<DesiredRoute, "isHalved" | "suspect"> {
  const around = pushed.filter((other) => prefixesOverlap(other.prefix, prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  const suspect = (around[0] ?? pushed[0])?.interfaceName;
  const isHalved = around.some((other) => isVpnRouteOf(prefix, other)) &&
    !foreign.some((other) => equalPrefix(maskPrefix(other.prefix), prefix) && !isVpnRouteOf(prefix, other));
  return { ...isHalved ? { isHalved } : {}, ...suspect === undefined ? {} : { suspect } };
}

/** What a clash is to the route of this prefix: the network of another, or a route of a program that has the very same. */
export function conflictOf(prefix: Prefix, clash: OtherRoute): Omit<RouteProblem, "message" | "remedy"> {
  const other = maskPrefix(clash.prefix);
  const isTaken = clash.isOwn !== true && equalPrefix(other, prefix);
  return { ...ownerOf(clash), cause: isTaken ? "taken" : "overlap", other: formatPrefix(other) };
}

function ownerOf({ interfaceName }: OtherRoute): { readonly owner?: string } {
  return interfaceName === undefined ? {} : { owner: interfaceName };
}

/** The clash in words for people. */
export function formatConflict(clash: OtherRoute): string {
  return `clash, this machine reaches ${formatPrefix(maskPrefix(clash.prefix))}${byInterface(clash)}`;
}

function byInterface({ interfaceName }: OtherRoute): string {
  return interfaceName === undefined ? "" : ` by ${interfaceName}`;
}

/** The narrowest of the machine's networks that shares addresses with the prefix. */
export function findConflict(prefix: Prefix, foreign: readonly OtherRoute[]): OtherRoute | undefined {
  return foreign
    .filter((other) => other.prefix.length >= MIN_PREFIX_LENGTH && prefixesOverlap(other.prefix, prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0];
}
