/**
 * The parts of a status document that every running program fills in the same way.
 *
 * @module
 */
import { Counter, type CounterTable, dropsByReason } from "../core/counters.ts";
import { commit, denoVersion, version } from "./build_info.ts";
import type { Problem } from "../core/error.ts";
import type { RouteProblem } from "../core/routing/route_problem.ts";
import type { PeerState, ProcessStatus, TunnelCounters } from "./status_document.ts";

/** The facts of this process; both times are milliseconds since 1970. */
export function programStatus<const Name extends string>(
  program: Name,
  startedAt: number,
  now: number,
): ProcessStatus<Name> {
  return {
    program,
    version,
    commit,
    deno: denoVersion,
    pid: Deno.pid,
    startedAt: new Date(startedAt).toISOString(),
    uptimeSeconds: Math.max(0, Math.floor((now - startedAt) / 1000)),
  };
}

/** What is wrong, as fields of a document. */
export function problemStatus(problem: Problem | undefined): { fault?: string; remedy?: string } {
  if (problem === undefined) return {};
  const { message, remedy } = problem;
  return remedy === "" ? { fault: message } : { fault: message, remedy };
}

/** The same of a route. */
export function routeProblemStatus(problem: RouteProblem | undefined) {
  if (problem === undefined) return {};
  const { cause, owner, other } = problem;
  return {
    ...problemStatus(problem),
    cause,
    ...owner === undefined ? {} : { owner },
    ...other === undefined ? {} : { other },
  };
}

/** Reads the counters of this moment; `further` are drops that the main thread counts, by reason. */
export function tunnelCounters(
  table: CounterTable,
  further: Readonly<Record<string, number>>,
): TunnelCounters {
  const count = (name: keyof typeof Counter) => table[Counter[name]] ?? 0;
  return {
    outbound: { packets: count("outbound.packets"), bytes: count("outbound.bytes") },
    inbound: { packets: count("inbound.packets"), bytes: count("inbound.bytes") },
    drops: { ...dropsByReason(table), ...further },
  };
}

/** Seconds since the peer was last heard, or null if it never was; a clock that was set back counts as now. */
export function lastHeardSeconds(table: CounterTable, now: number): number | null {
  const lastHeard = table[Counter["inbound.lastHeard"]] ?? 0;
  return lastHeard === 0 ? null : Math.max(0, Math.floor((now - lastHeard) / 1000));
}

/** The state of the other end. */
export function peerState(isUp: boolean, heardSeconds: number | null): PeerState {
  return isUp ? "connected" : heardSeconds === null ? "searching" : "unreachable";
}
