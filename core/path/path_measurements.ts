import type { Path } from "./path.ts";
import type { PathKind } from "./path_kind.ts";
import { expectedText, fasterOfTwo } from "./path_status.ts";
import { RoundTripComparison } from "./round_trip_comparison.ts";

/** Milliseconds without traffic after which round trips are worth measuring: under load they say nothing. */
const QUIET_MS = 1000;
/** Milliseconds between measurements, and once nothing has changed for {@linkcode SETTLED_MS}. */
const MEASURE_MS = 10_000;
const SETTLED_MEASURE_MS = 300_000;
const SETTLED_MS = 60_000;

/** A path of which less is expected has to have a round trip so many times shorter. */
const HANDICAP = 3;

/** What a comparison says. */
export interface Verdict {
  /** The path that is better; the one in use where nothing speaks for the other. */
  readonly better: Path;
  /** For people. */
  readonly reason: string;
}

/**
 * When the paths of a choice are measured, and which of engine and udp is better by that and by what is expected of them. All times
 * are milliseconds on one monotonic clock.
 */
export class PathMeasurements {
  readonly #comparison = new RoundTripComparison();
  #expected: "engine" | "udp" | undefined;
  /** When another path was used, or one joined the choice. */
  #changedAt: number;
  #dueAt: number;
  #startedAt = -Infinity;
  /** The end of the last interval in which the path in use carried packets. */
  #busyAt = -Infinity;

  /** Begins without a measurement. */
  constructor(now: number) {
    this.#changedAt = now;
    this.#dueAt = now + MEASURE_MS;
  }

  /** When the next measurement is due. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** The path that is expected to carry more; undefined: nothing is expected. */
  get expected(): "engine" | "udp" | undefined {
    return this.#expected;
  }

  /** Whether the paths were not compared since one of them joined the choice. */
  get isPending(): boolean {
    return this.#comparison.isPending;
  }

  /** Expects more of this path than of the other; false if that is known. */
  expect(kind: "engine" | "udp"): boolean {
    const isNew = kind !== this.#expected;
    this.#expected = kind;
    return isNew;
  }

  /** Whether the path in use has carried nothing for so long that measuring is worth it. */
  isQuiet(now: number): boolean {
    return now >= this.#busyAt + QUIET_MS;
  }

  /** The path in use has carried packets. */
  noteTraffic(now: number): void {
    this.#busyAt = now;
  }

  /** A measurement is due as soon as the path in use is quiet. */
  hasten(now: number): void {
    this.#dueAt = now;
  }

  /** A path has joined the choice: the next comparison decides at once. */
  noteJoin(now: number): void {
    this.#comparison.reset();
    this.#changedAt = now;
    this.#startedAt = now;
    this.#dueAt = now + MEASURE_MS;
  }

  /** Another path is in use. */
  noteChange(now: number): void {
    this.#busyAt = -Infinity;
    this.#changedAt = now;
    this.#dueAt = Math.min(this.#dueAt, now + MEASURE_MS);
    this.#comparison.onChange();
  }

  /** Measures the paths of the choice, where that is due and the path in use is quiet. */
  startWhenDue(used: Path, paths: readonly Path[], now: number): void {
    if (now < this.#dueAt || !this.isQuiet(now)) return;
    if (paths.length < 2 || used.liveness.isSuspect(now)) return;
    const mayCompare = used.kind !== "direct" && paths.filter(({ kind }) => kind !== "direct").length > 1;
    const isSettled = now >= this.#changedAt + SETTLED_MS && !(mayCompare && this.isPending);
    this.#dueAt = now + (isSettled ? SETTLED_MEASURE_MS : MEASURE_MS);
    this.#startedAt = now;
    for (const { roundTrip } of paths) roundTrip.start(now);
  }

  /** Compares the two; undefined: they are not measured, or the better one is not worth a change yet. */
  compare(used: Path, other: Path): Verdict | undefined {
    const [here, there] = [used.roundTrip.value, other.roundTrip.value];
    if (here === undefined || there === undefined) return undefined;
    const isOfRound = ({ roundTrip }: Path) => roundTrip.measuredAt >= this.#startedAt;
    const [fair, unfair] = [here * this.#handicap(used), there * this.#handicap(other)];
    if (this.#comparison.isWorthChange(fair, unfair, isOfRound(used) && isOfRound(other))) {
      return { better: other, reason: this.#text(other.kind, there, here) };
    }
    return fair <= unfair ? { better: used, reason: this.#text(used.kind, here, there) } : undefined;
  }

  /** What the path's round trip is multiplied by before it is compared. */
  #handicap({ kind }: Path): number {
    return this.#expected === undefined || this.#expected === kind ? 1 : HANDICAP;
  }

  #text(kind: PathKind, best: number, other: number): string {
    return this.#expected === kind ? expectedText(kind) : fasterOfTwo(best, other);
  }
}
