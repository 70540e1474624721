import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import type { LiveContainer } from "../../../core/doctor/live_containers.ts";
import { type Fault, fault } from "../../../core/faults/fault_table.ts";
import { routeFault } from "../../../core/faults/route_fault.ts";
import { type IpAddress, nextAddress, parseAddress } from "../../../core/net/address.ts";
import {
  formatPrefix,
  maskPrefix,
  parsePrefix,
  type Prefix,
  prefixContains,
} from "../../../core/net/prefix.ts";
import { describeInterface } from "../../../core/routing/interface_owner.ts";
import { findConflict, type OtherRoute } from "../../../core/routing/desired_routes.ts";
import { divertedProblem } from "../../../core/routing/diverted_route.ts";
import { platformRouter } from "../../../system/routing/platform_router.ts";
import { interfaceTowards } from "../../../system/routing/route_lookup.ts";
import type { ServerStatus } from "../../status/status_document.ts";
import type { Examination } from "../examination.ts";

type RouteStatus = ServerStatus["routes"][number];

/** Routes that are looked at; on macOS each costs a program. */
const MAX_ROUTES = 64;

/** Whether the system sends packets for each network into the tunnel, and by which interface if not. */
export async function checkRoutes({ status, engine }: Examination): Promise<CheckResult> {
  if (status.value === undefined) return skipped("route", "no server was asked");
  const { routes, interface: { name, peer } } = status.value;
  if (routes.length === 0) return sound("route", "no network is to be routed");
  const router = await platformRouter();
  const families = [...new Set(routes.map(({ prefix }) => prefix.includes(":") ? 6 : 4 as const))];
  const others = (await Promise.all(families.map((family) => router.listOtherRoutes(name, family)))).flat();
  const looked = routes.slice(0, MAX_ROUTES);
  const live = engine?.value?.live ?? [];
  // What the system does not have cannot be led astray.
  const present = looked.filter(({ state, cause }) => state === "active" || cause === "diverted");
  const prefixes = present.flatMap(({ prefix }) => parsePrefix(prefix) ?? []);
  const diverted = new Map(
    (await router.findDiverted(prefixes, name)).map((each) =>
      [formatPrefix(each.prefix), divertedProblem(each)] as const
    ),
  );
  const faults = (await Promise.all(looked.map((route) => {
    const problem = diverted.get(route.prefix);
    if (problem === undefined) return lookAt(route, { name, peer }, live, others);
    return [fault("route.diverted", { prefix: route.prefix, why: problem.message }, problem.remedy)];
  }))).flat();
  const count = looked.length - faults.length;
  const via = looked.filter((route) => route.via !== undefined).length;
  const text = `${count} of ${routes.length} routes lead into ${name}` +
    (via === 0 ? "" : `, ${via} of them direct`);
  return faulty("route", text, ...faults);
}

async function lookAt(
  route: RouteStatus,
  tunnel: Pick<ServerStatus["interface"], "name" | "peer">,
  live: readonly LiveContainer[],
  others: readonly OtherRoute[],
): Promise<Fault[]> {
  const prefix = parsePrefix(route.prefix);
  if (prefix === undefined) return [];
  // A line of the configuration may take such a network on purpose.
  const own = route.source === "docker"
    ? findConflict(prefix, others.filter(({ isOwn }) => isOwn))
    : undefined;
  if (own !== undefined) return [overlap(route, own)];
  const target = targetIn(prefix, tunnel.peer, live);
  const taker = await interfaceTowards(target);
  // Packets of the direct path leave by another interface on purpose.
  if (taker === tunnel.name || (taker !== undefined && route.via !== undefined && route.state === "active")) {
    const told = routeFault(route);
    return told === undefined ? [] : [told];
  }
  const other = narrowest(target, others);
  if (other === undefined || other.prefix.length < prefix.length) {
    // The server knows more of a route that is taken away again and again than can be seen at one moment.
    const told = route.cause === "removed" ? routeFault(route) : undefined;
    return [told ?? fault("route.failed", { prefix: route.prefix, why: whyOf(route) })];
  }
  if (other.isOwn === true) return [overlap(route, other)];
  const interfaceName = describeInterface(other.interfaceName ?? taker ?? "another interface");
  return [fault("route.taken", { prefix: route.prefix, interfaceName })];
}

function overlap({ prefix }: RouteStatus, other: OtherRoute): Fault {
  const owner = other.interfaceName === undefined ? "this machine" : describeInterface(other.interfaceName);
  return fault("route.overlap", { prefix, other: formatPrefix(maskPrefix(other.prefix)), owner });
}

function whyOf({ fault: why }: RouteStatus): string {
  return why ?? "the system has no route for it into the tunnel";
}

/** A container's address in the prefix, or that of the tunnel's other end, or the first one that a container could have. */
function targetIn(prefix: Prefix, peer: string, live: readonly LiveContainer[]): IpAddress {
  const inside = live.find(({ address }) =>
    address.family === prefix.address.family && prefixContains(prefix, address)
  );
  if (inside !== undefined) return inside.address;
  const end = parseAddress(peer);
  if (end?.family === prefix.address.family && prefixContains(prefix, end)) return end;
  const { address } = maskPrefix(prefix);
  return prefix.length >= address.bytes.length * 8 - 1 ? address : nextAddress(nextAddress(address));
}

function narrowest(target: IpAddress, others: readonly OtherRoute[]): OtherRoute | undefined {
  return others
    .filter(({ prefix }) => prefix.address.family === target.family && prefixContains(prefix, target))
    .sort((a, b) =>
      b.prefix.length - a.prefix.length || Number(a.isOwn ?? false) - Number(b.isOwn ?? false)
    )[0];
}
