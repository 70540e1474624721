/**
 * When paths are probed, and when the selector has to look at them next.
 *
 * @module
 */
import type { Path } from "./path.ts";
import { SILENT_MS, SUSPECT_MS } from "./path_liveness.ts";

/** Milliseconds between ticks while something moves. */
export const TICK_MS = 250;
/** Milliseconds between probes of a path that was lost. */
export const CALM_MS = 500;
/** Milliseconds between probes while a path is suspected. */
const ALERT_MS = 250;
/** Milliseconds without anything received after which the path in use is probed. */
const IDLE_PROBE_MS = 5000;

/** The paths that are watched. */
export interface PathWatch {
  /** Those that are up. */
  readonly up: readonly Path[];
  /** The one in use; undefined when there is none. */
  readonly used: Path | undefined;
  /** Whether there is another to go over to. */
  readonly hasChoice: boolean;
}

/** When a path's next probe is due; Infinity: not before something else happens. */
export function probeAt(path: Path, { used, hasChoice }: PathWatch, now: number): number {
  const { liveness, roundTrip: { probeAt: measureAt } } = path;
  if (!hasChoice) return measureAt;
  const isUsed = path === used;
  if (liveness.isRecovering || liveness.isSilent(now)) {
    return Math.min(measureAt, liveness.probedAt + (isAlert(used, now) ? ALERT_MS : CALM_MS));
  }
  if (liveness.isSuspect(now) || (!isUsed && isAlert(used, now))) {
    return Math.min(measureAt, liveness.probedAt + ALERT_MS);
  }
  if (!isUsed) return measureAt;
  return Math.min(measureAt, Math.max(liveness.heardAt, liveness.probedAt) + IDLE_PROBE_MS);
}

/** Whether the path in use has left a probe unanswered, so that all are probed to know which of them works. */
function isAlert(used: Path | undefined, now: number): boolean {
  const liveness = used?.liveness;
  return liveness !== undefined && now >= liveness.waitingSince + SUSPECT_MS + ALERT_MS &&
    !liveness.isSilent(now);
}

/**
 * When the paths have to be looked at next; undefined: not before something else happens.
 *
 * @param tickAt when a tick is due where there is a choice
 */
export function deadlineOf(watch: PathWatch, tickAt: number, now: number): number | undefined {
  const times = watch.up.map(({ roundTrip }) => roundTrip.nextDeadline);
  if (watch.hasChoice) {
    // Paths that were lost are probed with the ticks, so that each does not wake the program at a time of its own.
    const watched = watch.up.filter(({ liveness }) => !liveness.isRecovering && !liveness.isSilent(now));
    const limits = watched.flatMap(({ liveness: { waitingSince } }) => [
      waitingSince + SUSPECT_MS,
      waitingSince + SILENT_MS,
    ]);
    times.push(tickAt);
    times.push(...watched.map((path) => probeAt(path, watch, now)));
    times.push(...limits.filter((time) => time > now));
  }
  const next = Math.min(Infinity, ...times);
  return next === Infinity ? undefined : next;
}
