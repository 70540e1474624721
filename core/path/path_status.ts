import type { Path } from "./path.ts";
import type { PathKind, PathPreference } from "./path_kind.ts";

/** What a path is doing; docs/internals/paths.md describes each. */
export type PathState = "in-use" | "standby" | "silent" | "recovering" | "down";

/** One path, for the status. */
export interface PathStatus {
  /** Which path. */
  readonly kind: PathKind;
  /** What it is doing. */
  readonly state: PathState;
  /** The least of the last five round trips, in milliseconds; absent before the first measurement. */
  readonly roundTripMs?: number;
  /** For people: why it is in use, or why it is not. */
  readonly reason?: string;
}

/** What the states depend on besides the paths themselves. */
export interface SelectionState {
  /** The preference. */
  readonly preference: PathPreference;
  /** The path in use. */
  readonly used: Path | undefined;
  /** Why it is. */
  readonly reason: string;
  /** The one of engine and udp that is expected to carry more. */
  readonly expected: PathKind | undefined;
  /** The time of the last tick, in milliseconds. */
  readonly now: number;
}

/** Describes one path for the status. */
export function pathStatus(path: Path, selection: SelectionState): PathStatus {
  const { value } = path.roundTrip;
  const roundTrip = value === undefined ? {} : { roundTripMs: value };
  return { kind: path.kind, ...roundTrip, ...describe(path, selection) };
}

function describe(
  path: Path,
  { preference, used, reason, expected, now }: SelectionState,
): Pick<PathStatus, "state" | "reason"> {
  const { liveness, roundTrip: { value } } = path;
  if (!liveness.isUp) return { state: "down", reason: liveness.downReason };
  if (path === used) return { state: "in-use", reason };
  if (preference !== "auto") return { state: "standby", reason: `${preference} is set by the configuration` };
  if (liveness.isRecovering) {
    if (!liveness.isAnswering(now)) return { state: "silent", reason: "does not answer" };
    const hold = `has to answer for ${liveness.recoveryMs / 1000} s`;
    return { state: "recovering", reason: liveness.isFlapping ? `was lost too often: ${hold}` : hold };
  }
  if (used?.kind === "direct") return { state: "standby", reason: "direct needs no tunnel" };
  return { state: "standby", reason: compared(value, used?.roundTrip.value, used?.kind === expected) };
}

function compared(here: number | undefined, used: number | undefined, isUsedExpected: boolean): string {
  if (here === undefined || used === undefined) return "the round trips are not measured yet";
  const both = `${formatMs(here)} to ${formatMs(used)}`;
  if (isUsedExpected) return `carries less, and is not three times faster: ${both}`;
  return here < used ? `not faster by 30 % in three measurements: ${both}` : `not faster: ${both}`;
}

/** Says that one round trip is less than the other, both in milliseconds. */
export function fasterOfTwo(best: number, other: number): string {
  return `the faster of two: ${formatMs(best)} to ${formatMs(other)}`;
}

/** Says why more is expected of this path than of the other. */
export function expectedText(kind: PathKind): string {
  return kind === "engine"
    ? "udp goes through a network in user space, which carries less"
    : "the system's own network carries more than the engine";
}

function formatMs(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
}
