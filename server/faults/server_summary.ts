import type { Fault } from "../../core/faults/fault_table.ts";
import { summarize } from "../../core/faults/summary.ts";
import { parseAddress } from "../../core/net/address.ts";
import { parsePrefix, prefixContains } from "../../core/net/prefix.ts";
import type { ServerFacts } from "./server_facts.ts";

/**
 * Says in one sentence how the tunnel is.
 *
 * @param faults those that are shown, errors first
 */
export function serverSummary(facts: ServerFacts, faults: readonly Fault[]): string {
  return summarize(faults, soundText(facts, faults));
}

function soundText(facts: ServerFacts, faults: readonly Fault[]): string {
  const { docker, paths, client } = facts;
  if (docker.container?.state === "not-required") {
    return "up: Docker runs on this machine, whose containers need no tunnel";
  }
  if (docker.state === "connecting" && client === null) return "starting: looking for the Docker Engine";
  if (docker.container?.state === "missing" || docker.container?.state === "created") {
    return "starting: the client container is being made";
  }
  if (client === null || paths.inUse === null) return "starting: waiting for the client";
  return `up: ${networksText(facts, faults)} by the ${paths.inUse} path`;
}

/** How many of the container networks can be reached. The virtual network, which answers to accessors need, is none of them. */
function networksText({ routes, interface: { peer } }: ServerFacts, faults: readonly Fault[]): string {
  const virtual = parseAddress(peer);
  const networks = routes.filter(({ prefix }) => {
    const parsed = parsePrefix(prefix);
    return parsed === undefined || virtual === undefined || !prefixContains(parsed, virtual);
  });
  const silent = new Set(
    faults.filter(({ code }) => code === "network.silent").map(({ subject }) => subject),
  );
  const count =
    networks.filter(({ state, network }) => state === "active" && !silent.has(network ?? "")).length;
  if (networks.length === 0) return "no networks to reach yet";
  const of = count === networks.length ? `${count}` : `${count} of ${networks.length}`;
  return `${of} ${networks.length === 1 ? "network" : "networks"} reachable`;
}
