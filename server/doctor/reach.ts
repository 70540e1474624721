import type { LiveContainer } from "../../core/doctor/live_containers.ts";
import { type IpAddress, parseAddress } from "../../core/net/address.ts";
import { parsePrefix, prefixContains } from "../../core/net/prefix.ts";
import { ReachabilityProbe } from "../../system/reachability/reachability_probe.ts";
import type { ServerStatus } from "../status/status_document.ts";
import type { Examination } from "./examination.ts";

/** Containers of a network that are asked, and networks: more would be a load, not a check. */
const MAX_CONTAINERS = 3;
const MAX_NETWORKS = 64;

/** A routed network and the answer of one of its containers. */
export interface NetworkReach {
  readonly network: string;
  /** Containers that were asked; none: nothing runs in the network. */
  readonly asked: readonly LiveContainer[];
  /** The first that answered; undefined without an answer. */
  readonly answered: LiveContainer | undefined;
}

/** What answers by the system's routes and the tunnel, by an echo or by TCP, which may be refused. */
export interface Reach {
  /** Whether the client's own virtual address answers. */
  readonly isClientThere: boolean;
  readonly networks: readonly NetworkReach[];
}

/** Asks the client and a few containers of each routed network, all of them at once. */
export async function findReach({ status, engine }: Examination): Promise<Reach> {
  const client = parseAddress(status.value?.interface.peer ?? "");
  if (status.value === undefined || client === undefined) return { isClientThere: false, networks: [] };
  const { routes, docker } = status.value;
  const asked = routedNetworks(docker).slice(0, MAX_NETWORKS).map((network) => ({
    network,
    asked: (engine?.value?.live ?? [])
      .filter((live) => live.network === network && isRouted(routes, live.address))
      .slice(0, MAX_CONTAINERS),
  }));
  const containers = asked.flatMap((one) => one.asked);
  using probe = new ReachabilityProbe();
  const [isClientThere = false, ...answers] = await probe.ask([
    { address: client, port: undefined },
    ...containers.map(({ address, ports }) => ({ address, port: ports[0] })),
  ]);
  const there = new Set(containers.filter((_, at) => answers[at]));
  const networks = asked.map((one) => ({ ...one, answered: one.asked.find((live) => there.has(live)) }));
  return { isClientThere, networks };
}

/** Names of the networks that have a route of ours. */
function routedNetworks({ networks }: ServerStatus["docker"]): string[] {
  return networks
    .filter(({ subnets }) => subnets.some(({ state }) => state === "active" || state === "config"))
    .map(({ name }) => name);
}

/** Whether one of our routes covers an address. */
function isRouted(routes: ServerStatus["routes"], address: IpAddress): boolean {
  return routes.some(({ prefix, state }) => {
    const route = parsePrefix(prefix);
    return state === "active" && route !== undefined && route.address.family === address.family &&
      prefixContains(route, address);
  });
}
