import { type Fault, fault } from "../../core/faults/fault_table.ts";
import { firewallFault } from "../../core/faults/firewall_fault.ts";
import { isHeard, type ServerFacts } from "./server_facts.ts";

/** Seconds after which a refused heartbeat says nothing of this moment: a client without an answer repeats it each half second. */
const RECENT_SECONDS = 15;

/** Why heartbeats are refused, where no client is heard that has the key. */
export function keyFault(facts: Pick<ServerFacts, "client" | "refused">): Fault | undefined {
  const { refused } = facts;
  if (refused === null || refused.lastSeconds >= RECENT_SECONDS || isHeard(facts)) return undefined;
  const { endpoint, reason, clockSeconds, count } = refused;
  if (reason === "time" && clockSeconds !== undefined) {
    const remedy = "Set the clocks right, or update the client's image: a newer client needs no right clock";
    return fault("clock.skew", { seconds: clockSeconds }, remedy);
  }
  return fault("client.wrong-key", { count, endpoint });
}

/** A client whose container was told another port than the server's, so that nothing can come from it by UDP. */
export function portFault(listen: string, theirs: number | undefined): Fault | undefined {
  const own = Number(listen.slice(listen.lastIndexOf(":") + 1));
  return theirs === undefined || theirs === own ? undefined : fault("client.other-port", { own, theirs });
}

/** What the client that is heard says of itself and its machine. */
export function heardFaults({ client, version }: Pick<ServerFacts, "client" | "version">): Fault[] {
  const { firewall, version: theirs } = client ?? {};
  const faults: Fault[] = [];
  const closed = firewall && firewallFault(firewall);
  if (closed !== undefined) faults.push(closed);
  // The original's client does not tell its version.
  if (theirs !== undefined && theirs !== version) {
    faults.push(fault("client.version", { own: version, theirs }));
  }
  return faults;
}
