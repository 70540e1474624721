import type { PathKind } from "./path_kind.ts";
import type { PathLiveness } from "./path_liveness.ts";
import type { RoundTrip } from "./round_trip.ts";

/** What is known of one path. */
export interface Path {
  /** Which path. */
  readonly kind: PathKind;
  /** Whether it works. */
  readonly liveness: PathLiveness;
  /** How fast it is. */
  readonly roundTrip: RoundTrip;
}

/** How well a path that is up will do, the best first. */
export const enum Rank {
  /** Nothing speaks against it. */
  Working,
  /** It was lost and answers again. */
  Answering,
  /** It has not answered for a quarter of a second. */
  Suspect,
  /** It was lost and does not answer. */
  Lost,
}

/** Ranks a path that is up. */
export function rankOf({ liveness }: Path, now: number): Rank {
  if (liveness.isRecovering) return liveness.isAnswering(now) ? Rank.Answering : Rank.Lost;
  return liveness.isSuspect(now) ? Rank.Suspect : Rank.Working;
}

/** The best of the paths that are up: the one of the best rank, of these direct, else the fastest as last measured. */
export function bestOf(paths: readonly Path[], now: number): Path | undefined {
  const speedOf = ({ kind, roundTrip }: Path) => kind === "direct" ? 0 : roundTrip.value ?? Number.MAX_VALUE;
  return paths.filter(({ liveness }) => liveness.isUp).sort((a, b) =>
    rankOf(a, now) - rankOf(b, now) || speedOf(a) - speedOf(b)
  )[0];
}
