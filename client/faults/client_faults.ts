import { type Fault, fault } from "../../core/faults/fault_table.ts";
import { firewallFault } from "../../core/faults/firewall_fault.ts";
import { summarize } from "../../core/faults/summary.ts";
import { formatAge } from "../../program/status_text.ts";
import type { ClientStatus } from "../status/status_document.ts";

/** What the client's status says, without what is derived from it here. */
export type ClientFacts = Omit<ClientStatus, "program" | "summary" | "faults">;

/**
 * Derives what is wrong at this moment from what the status says. A server whose name has no address is not also silent.
 */
export function clientFaults({ interface: own, server, firewall }: ClientFacts): Fault[] {
  const { name, fault: why, remedy } = own;
  const closed = firewallFault(firewall);
  return [
    ...why === undefined ? [] : [fault("interface.changed", { name, why }, remedy)],
    ...serverFaults(server),
    ...closed === undefined ? [] : [closed],
  ];
}

/** Why the server is not connected; nothing where it is. */
export function serverFaults(
  { host, endpoint, state, lastHeardSeconds, ...server }: ClientFacts["server"],
): Fault[] {
  if (state === "connected") return [];
  if (endpoint === null || server.fault !== undefined) return [fault("server.unknown-name", { host })];
  const heard = formatAge(lastHeardSeconds);
  const remedy = "Start docker-connector on the desktop, or check its host, port and key";
  return [fault("server.silent", { server: nameOf(host, endpoint), heard }, remedy)];
}

/** Says in one sentence how the tunnel is. */
export function clientSummary(
  { server: { host, endpoint, state } }: ClientFacts,
  faults: readonly Fault[],
): string {
  const name = nameOf(host, endpoint);
  return summarize(
    faults,
    state === "connected" ? `up: connected to ${name}` : `starting: looking for ${name}`,
  );
}

function nameOf(host: string, endpoint: string | null): string {
  return endpoint === null || endpoint.startsWith(`${host}:`) ? endpoint ?? host : `${host} (${endpoint})`;
}
