/**
 * Whether containers answer through the system's routes and the tunnel: an echo first, else a connection by TCP, which may be
 * refused.
 *
 * @module
 */
import type { LiveContainer } from "../../core/doctor/live_containers.ts";
import { formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import { parsePrefix, prefixContains } from "../../core/net/prefix.ts";
import { attemptConnection } from "../../ffi/tcp/connection_attempt.ts";
import { EchoProber, USUAL_SIZE } from "../../system/reachability/echo_prober.ts";
import type { ServerStatus } from "../status/status_document.ts";
import type { Examination } from "./examination.ts";

/** Milliseconds that an echo and a connection may take; each network's container is asked at the same time. */
const ECHO_TIMEOUT = 800;
const CONNECT_TIMEOUT = 600;

/** Containers of a network that are asked, and networks: more would be a load, not a check. */
const MAX_CONTAINERS = 3;
const MAX_NETWORKS = 64;

/** A port that is tried where a container names none. That it is refused is an answer. */
const ANY_PORT = 80;

/** A routed network and the answer of one of its containers. */
export interface NetworkReach {
  readonly network: string;
  /** Containers that were asked; none: nothing runs in the network. */
  readonly asked: readonly LiveContainer[];
  /** The first that answered; undefined without an answer. */
  readonly answered: LiveContainer | undefined;
  /** Its answer in words. */
  readonly how: string;
}

/** What answers. */
export interface Reach {
  /** Whether this user may send echoes. */
  readonly hasEcho: boolean;
  /** Round trip to the client's own virtual address, in milliseconds; undefined without an answer. */
  readonly clientMs: number | undefined;
  readonly networks: readonly NetworkReach[];
}

/** Asks the client and a few containers of each routed network, all of them at once. */
export async function findReach({ status, engine }: Examination): Promise<Reach> {
  if (status.value === undefined) return { hasEcho: false, clientMs: undefined, networks: [] };
  const client = parseAddress(status.value.interface.peer);
  const asked = routedNetworks(status.value).slice(0, MAX_NETWORKS).map((network) => ({
    network,
    containers: (engine?.value?.live ?? [])
      .filter((live) => live.network === network && isRouted(status.value, live.address))
      .slice(0, MAX_CONTAINERS),
  }));
  const addresses = [
    ...client === undefined ? [] : [client],
    ...asked.flatMap(({ containers }) => containers.map(({ address }) => address)),
  ];
  const echoes = await askAll(addresses);
  const networks = await Promise.all(asked.map(async ({ network, containers }) => {
    const answer = firstEcho(containers, echoes.trips) ?? await firstConnection(containers);
    return { network, asked: containers, answered: answer?.live, how: answer?.how ?? "no answer" };
  }));
  const clientMs = client && echoes.trips.get(formatAddress(client));
  return { hasEcho: echoes.hasEcho, clientMs, networks };
}

/** Names of the networks that have a route of ours. */
function routedNetworks({ docker }: ServerStatus): string[] {
  return docker.networks
    .filter(({ subnets }) => subnets.some(({ state }) => state === "active" || state === "config"))
    .map(({ name }) => name);
}

/** Whether one of our routes covers an address. */
function isRouted(status: ServerStatus, address: IpAddress): boolean {
  return status.routes.some(({ prefix, state }) => {
    const route = parsePrefix(prefix);
    return state === "active" && route !== undefined && route.address.family === address.family &&
      prefixContains(route, address);
  });
}

async function askAll(addresses: readonly IpAddress[]) {
  const trips = new Map<string, number>();
  let hasEcho = true;
  await Promise.all(([4, 6] as const).map(async (family) => {
    const own = addresses.filter((address) => address.family === family);
    if (own.length === 0) return;
    using prober = EchoProber.open(family);
    if (prober === undefined) return void (hasEcho = false);
    const questions = own.map((address) => ({ address, size: USUAL_SIZE }));
    const answers = await prober.ask(questions, ECHO_TIMEOUT);
    own.forEach((address, at) => {
      const trip = answers[at];
      if (trip !== undefined) trips.set(formatAddress(address), trip);
    });
  }));
  return { hasEcho, trips };
}

function firstEcho(containers: readonly LiveContainer[], trips: ReadonlyMap<string, number>) {
  for (const live of containers) {
    if (trips.has(formatAddress(live.address))) return { live, how: "an echo" };
  }
  return undefined;
}

async function firstConnection(containers: readonly LiveContainer[]) {
  const answers = await Promise.all(containers.map(async (live) => {
    const port = live.ports[0] ?? ANY_PORT;
    const answer = await attemptConnection({ address: live.address, port }, CONNECT_TIMEOUT);
    return { live, isSilent: answer === "silent", how: `TCP port ${port} (${answer})` };
  }));
  return answers.find(({ isSilent }) => !isSilent);
}
