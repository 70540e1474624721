/**
 * The data plane's counters as the status documents show them.
 *
 * @module
 */
import { Counter, type CounterTable, dropsByReason } from "../core/counters.ts";
import type { TunnelCounters } from "./status_document.ts";

/**
 * Reads the counters of this moment.
 *
 * @param further drops that the main thread counts, by reason
 */
export function tunnelCounters(
  table: CounterTable,
  further: Readonly<Record<string, number>>,
): TunnelCounters {
  return {
    outbound: {
      packets: table[Counter["outbound.packets"]] ?? 0,
      bytes: table[Counter["outbound.bytes"]] ?? 0,
    },
    inbound: { packets: table[Counter["inbound.packets"]] ?? 0, bytes: table[Counter["inbound.bytes"]] ?? 0 },
    drops: { ...dropsByReason(table), ...further },
  };
}

/** Seconds since the peer was last heard, or undefined if it never was; a clock that was set back counts as now. */
export function lastHeardSeconds(table: CounterTable, now: number): number | undefined {
  const lastHeard = table[Counter["inbound.lastHeard"]] ?? 0;
  return lastHeard === 0 ? undefined : Math.max(0, Math.floor((now - lastHeard) / 1000));
}
