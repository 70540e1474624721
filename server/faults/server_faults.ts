import type { Fault } from "../../core/faults/fault_table.ts";
import { routeFault } from "../../core/faults/route_fault.ts";
import { heardFaults, keyFault } from "./client_faults.ts";
import { configFaults, interfaceFault } from "./desktop_faults.ts";
import { clockFault, containerFault, engineFault, expectsClient } from "./docker_faults.ts";
import { namesFaults } from "./names_faults.ts";
import { absentFault, pathFaults } from "./path_faults.ts";
import { isHeard, type ServerFacts } from "./server_facts.ts";
import { serviceFaults } from "./service_faults.ts";
import { sharingFaults } from "./sharing_faults.ts";

/**
 * Derives what is wrong at this moment from what the status says.
 *
 * One cause is one fault. On the way to a container the first of these that is broken is named, and nothing that follows
 * from it: the Engine, the container, the key, the client's silence, then the firewall and the paths of a client that is heard.
 * A container that lacks the newest image is no cause of anything. Routes fall with the interface. A network is silent by itself
 * only where none of these is broken and its route is there; the same holds for lost large packets. Config file and sharing depend on nothing else.
 *
 * The faults that matter most come first: the interface, the way, routes, then the rest.
 *
 * @param extra what other parts have found, such as that a network does not answer
 */
export function serverFaults(facts: ServerFacts, extra: readonly Fault[] = []): Fault[] {
  const way = wayFaults(facts);
  const wrong = interfaceFault(facts.interface);
  const isInterfaceWrong = wrong !== undefined;
  const routes = isInterfaceWrong ? [] : facts.routes.flatMap((route) => routeFault(route) ?? []);
  // By the Engine packets pass, whatever the client's port.
  const isPassable = (code: Fault["code"]) => code === "client.other-port" && isHeard(facts);
  const isWayBroken = isInterfaceWrong ||
    way.some(({ severity, code }) => severity === "error" && !isPassable(code));
  const unrouted = new Set(
    facts.routes.filter(({ state }) => state === "failed").map(({ network }) => network),
  );
  const others = extra.filter(({ code, subject }) =>
    code !== "network.silent" && code !== "path.mtu" || !isWayBroken && !unrouted.has(subject)
  );
  const clock = clockFault(facts.docker.clockSeconds);
  // A client of 0.1.0 is refused for it, which says it already.
  const isClockNamed = way.some(({ code }) => code === "clock.skew");
  return [
    ...isInterfaceWrong ? [wrong] : [],
    ...way,
    ...routes,
    ...clock === undefined || isClockNamed ? [] : [clock],
    ...configFaults(facts.config),
    ...sharingFaults(facts.sharing),
    ...namesFaults(facts.names),
    ...serviceFaults(facts),
    ...others,
  ];
}

/** What is wrong on the way to the client. */
function wayFaults(facts: ServerFacts): Fault[] {
  const { docker } = facts;
  const engine = engineFault(facts);
  if (engine !== undefined) return [engine];
  // Containers of this machine need no tunnel.
  if (docker.container?.state === "not-required") return [];
  const container = containerFault(docker);
  if (container !== undefined && container.code !== "container.outdated") return [container];
  const outdated = container === undefined ? [] : [container];
  if (isHeard(facts)) return [...outdated, ...heardFaults(facts), ...pathFaults(facts)];
  const key = keyFault(facts);
  if (key !== undefined) return [...outdated, key];
  return expectsClient(facts) ? [...outdated, absentFault(facts)] : outdated;
}
