import type { Fault } from "../faults/fault_table.ts";

/**
 * What is checked, in the order in which a packet depends on it: what comes first can be the cause of what comes later.
 * {@linkcode causesOf} of causes.ts says which.
 */
export const AREAS = [
  "root",
  "device",
  "config",
  "port",
  "program",
  "engine",
  "container",
  "client",
  "path",
  "route",
  "firewall",
  "mtu",
  "network",
  "names",
  "https",
  "sharing",
  "service",
  "clock",
  "version",
] as const;

/** An area of the walk from this machine to a container. */
export type Area = typeof AREAS[number];

/** How an area is: `skip` where nothing could be seen. */
export const CHECK_STATES = ["ok", "warn", "fail", "skip"] as const;
/** The state of an area. */
export type CheckState = typeof CHECK_STATES[number];

/** What a check has seen. */
export interface CheckResult {
  /** What was looked at. */
  readonly area: Area;
  /** What was seen, without a full stop. */
  readonly text: string;
  /** What is wrong. */
  readonly faults: readonly Fault[];
  /** Whether nothing could be seen, for the reason that the text gives. */
  readonly isSkipped?: boolean;
}

/** An area that is as it should be. */
export function sound(area: Area, text: string): CheckResult {
  return { area, text, faults: [] };
}

/** An area with problems. */
export function faulty(area: Area, text: string, ...faults: readonly Fault[]): CheckResult {
  return { area, text, faults };
}

/** An area of which nothing can be said. */
export function skipped(area: Area, text: string): CheckResult {
  return { area, text, faults: [], isSkipped: true };
}

/** The state of an area: that of its worst problem. */
export function stateOf({ faults, isSkipped }: CheckResult): CheckState {
  if (faults.some(({ severity }) => severity === "error")) return "fail";
  if (faults.length > 0) return "warn";
  return isSkipped === true ? "skip" : "ok";
}
