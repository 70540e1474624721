import { type Fault, fault } from "../../core/faults/fault_table.ts";
import { routeFault } from "../../core/faults/route_fault.ts";
import { summarize } from "../../core/faults/summary.ts";
import { formatAge } from "../../program/status_text.ts";
import type { AccessorStatus } from "../status/status_document.ts";

/** What the accessor's status says, without what is derived from it here. */
export type AccessorFacts = Omit<AccessorStatus, "program" | "summary" | "faults">;

/**
 * Derives what is wrong at this moment from what the status says. A server that cannot be looked for is not also silent, and routes
 * fall with the interface.
 */
export function accessorFaults({ interface: own, server, routes }: AccessorFacts): Fault[] {
  const ofServer = serverFault(server);
  const ofInterface = own?.fault === undefined
    ? undefined
    : fault("interface.changed", { name: own.name, why: own.fault }, own.remedy);
  return [
    ...ofServer === undefined ? [] : [ofServer],
    ...ofInterface === undefined ? routes.flatMap((route) => routeFault(route) ?? []) : [ofInterface],
  ];
}

function serverFault(server: AccessorFacts["server"]): Fault | undefined {
  const { host, endpoint, state, lastHeardSeconds, cause, fault: why = "", remedy } = server;
  if (state === "connected") return undefined;
  if (cause === "unknown-name") return fault("server.unknown-name", { host: hostOf(host) }, remedy);
  if (cause === "no-network") return fault("server.no-network", { why }, remedy);
  const name = endpoint === null || endpoint === host ? host : `${host} (${endpoint})`;
  const advice =
    "Check the token, the address and port, that the server has an expose line, and the firewalls on the way";
  return fault("server.silent", { server: name, heard: formatAge(lastHeardSeconds) }, advice);
}

/** Without the port. */
function hostOf(hostPort: string): string {
  return hostPort.replace(/:\d+$/, "");
}

/** Says in one sentence how the tunnel is. */
export function accessorSummary({ server, routes }: AccessorFacts, faults: readonly Fault[]): string {
  const { host, state } = server;
  if (state !== "connected") return summarize(faults, `starting: connecting to ${host}`);
  const wanted = routes.filter((route) => route.state !== "excluded");
  const active = wanted.filter((route) => route.state === "active").length;
  const of = active === wanted.length ? `${active}` : `${active} of ${wanted.length}`;
  const noun = wanted.length === 1 ? "network" : "networks";
  return summarize(faults, `up: ${of} exposed ${noun} reachable through ${host}`);
}
