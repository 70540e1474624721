import { bestOf, type Path, Rank, rankOf } from "./path.ts";
import { PATH_KINDS, type PathKind, type PathPreference } from "./path_kind.ts";
import { PathLiveness, type PathTraffic } from "./path_liveness.ts";
import { PathMeasurements } from "./path_measurements.ts";
import { CALM_MS, deadlineOf, probeAt, TICK_MS } from "./path_watch.ts";
import { expectedText, type PathStatus, pathStatus } from "./path_status.ts";
import { RoundTrip } from "./round_trip.ts";

/** Milliseconds that a tick is late after which the machine must have slept. */
const JUMP_MS = 10_000;

const ONLY_ONE = "the only path that is up";
const NOT_COMPARED = "in use until the round trips are measured";

/** What is to be done. */
export type PathDecision =
  /** All packets take this path from now on; undefined: there is none. The reason is for people. */
  | { readonly kind: "use"; readonly path: PathKind | undefined; readonly reason: string }
  /** Send a probe on this path now. */
  | { readonly kind: "probe"; readonly path: PathKind };

/**
 * Selects the path of the packets. What happens goes in, what is to be done comes out, in this order. All times are
 * milliseconds on one monotonic clock. docs/internals/paths.md has the states and the rules.
 */
export class PathSelector {
  readonly #paths: readonly Path[] = PATH_KINDS.map((kind) => ({
    kind,
    liveness: new PathLiveness(),
    roundTrip: new RoundTrip(),
  }));
  readonly #measurements: PathMeasurements;
  #preference: PathPreference;
  #used: Path | undefined;
  #reason = "no path is up";
  #decisions: PathDecision[] = [];
  #hadChoice = false;
  #tickedAt: number;
  #deadline: number | undefined;
  #isResting = false;

  /** Starts with every path down. */
  constructor(preference: PathPreference, now: number) {
    this.#preference = preference;
    this.#measurements = new PathMeasurements(now);
    this.#tickedAt = now;
  }

  /** When {@linkcode tick} is to be called next; undefined: not before something else happens. Any call may change it. */
  get nextDeadline(): number | undefined {
    return this.#deadline;
  }

  /**
   * Whether nothing moves and nothing is waited for: no tick is due before the next probe or measurement. The first packet that
   * is sent then needs a tick at once, which starts the clock of silence.
   */
  get isResting(): boolean {
    return this.#isResting;
  }

  /** The path in use; undefined when there is none. */
  get used(): PathKind | undefined {
    return this.#used?.kind;
  }

  /** For people: why that path is in use, or why there is none. */
  get reason(): string {
    const { liveness } = this.#used ?? {};
    const isSilent = this.#hasChoice && liveness?.isSilent(this.#tickedAt);
    const reason = isSilent ? "silent, and no other path answers" : this.#reason;
    return this.#isReplaced ? this.#replacedText(reason) : reason;
  }

  /** Each path, for the status. */
  get states(): readonly PathStatus[] {
    const selection = {
      preference: this.#demanded,
      used: this.#used,
      reason: this.reason,
      expected: this.#measurements.expected,
      now: this.#tickedAt,
    };
    return this.#paths.map((path) => pathStatus(path, selection));
  }

  /** Another preference is set. */
  prefer(preference: PathPreference, now: number): readonly PathDecision[] {
    this.#begin(now);
    if (preference !== this.#preference) {
      this.#preference = preference;
      // A path that is closed while another one is set was not lost.
      for (const { liveness } of this.#paths) if (!liveness.isUp) liveness.join();
      this.#chooseAnew(now);
    }
    return this.#end(now);
  }

  /** A path came up: both ends can carry packets on it. */
  up(kind: PathKind, now: number): readonly PathDecision[] {
    this.#begin(now);
    const path = this.#find(kind);
    if (!path.liveness.isUp) {
      path.liveness.up(now);
      path.roundTrip.clear();
      if (!path.liveness.isRecovering) this.#join(path, now);
    }
    return this.#end(now);
  }

  /** A path went down, or is down for another reason than before. The reason is for people, without a full stop. */
  down(kind: PathKind, reason: string, now: number): readonly PathDecision[] {
    this.#begin(now);
    const path = this.#find(kind);
    const wasUp = path.liveness.isUp;
    path.liveness.down(reason, now);
    path.roundTrip.stop();
    if (wasUp && kind === this.#preference) this.#chooseAnew(now);
    if (path !== this.#used && this.#up.length === 1) this.#reason = ONLY_ONE;
    return this.#end(now);
  }

  /**
   * Says which of engine and udp carries more, as far as that can be known before anything is carried: a network in user space
   * carries a fifth of what the Engine does, and the system's own network twice as much. Idle round trips do not tell the two
   * apart: waking up the programs on the way takes most of them.
   */
  expect(kind: "engine" | "udp", now: number): readonly PathDecision[] {
    this.#begin(now);
    if (this.#measurements.expect(kind)) {
      this.#measurements.noteJoin(now);
      this.#measurements.hasten(now);
    }
    return this.#end(now);
  }

  /** A probe was answered after so many milliseconds. */
  answer(kind: PathKind, roundTripMs: number, now: number): readonly PathDecision[] {
    this.#begin(now);
    const { liveness, roundTrip } = this.#find(kind);
    if (liveness.isUp) {
      liveness.answer(now);
      roundTrip.answer(roundTripMs);
    }
    return this.#end(now);
  }

  /**
   * Called at {@linkcode nextDeadline}.
   *
   * @param traffic what each path has carried since the last tick; probes and their answers are no traffic
   */
  tick(now: number, traffic: { readonly [K in PathKind]?: PathTraffic }): readonly PathDecision[] {
    // Where this program itself was held up, answers may lie unread: that time is no silence.
    const late = this.#begin(now);
    if (late > CALM_MS) { for (const { liveness } of this.#paths) liveness.postpone(late, now); }
    this.#tickedAt = now;
    for (const path of this.#paths) this.#carry(path, traffic[path.kind], now);
    if (this.#hasChoice) this.#giveUpSilent(now);
    for (const path of this.#up) if (path.liveness.hasRecovered(now)) this.#join(path, now);
    if (this.#hasChoice && this.#used !== undefined) {
      const paths = this.#up.filter(({ liveness }) => !liveness.isRecovering);
      this.#measurements.startWhenDue(this.#used, paths, now);
    }
    return this.#end(now);
  }

  get #up(): readonly Path[] {
    return this.#paths.filter(({ liveness }) => liveness.isUp);
  }

  get #hasChoice(): boolean {
    return this.#demanded === "auto" && this.#up.length > 1;
  }

  /** Whether direct is set by name and down: then the others carry its packets, since the tunnel is there in any case. */
  get #isReplaced(): boolean {
    return this.#preference === "direct" && !this.#find("direct").liveness.isUp;
  }

  get #demanded(): PathPreference {
    return this.#isReplaced ? "auto" : this.#preference;
  }

  #find(kind: PathKind): Path {
    const found = this.#paths.find((path) => path.kind === kind);
    if (found === undefined) throw new TypeError(`no path is called ${kind}`);
    return found;
  }

  /** Uses another path that works, where there is one, since packets by this one do not arrive although its probes are answered. */
  leave(now: number): readonly PathDecision[] {
    this.#begin(now);
    const used = this.#used;
    const best = bestOf(this.#up.filter((other) => other !== used), now);
    if (this.#hasChoice && used !== undefined && best !== undefined && rankOf(best, now) <= Rank.Answering) {
      used.liveness.leave(now);
      used.roundTrip.stop();
      this.#use(best, `containers did not answer by ${used.kind}`, now);
    }
    return this.#end(now);
  }

  /** Returns by how many milliseconds the next tick is late; after a jump of the time all clocks start again. */
  #begin(now: number): number {
    this.#decisions = [];
    const late = now - (this.#deadline ?? now);
    if (late > JUMP_MS) this.#restartClocks(now);
    return late;
  }

  #restartClocks(now: number): void {
    for (const { liveness, roundTrip } of this.#paths) {
      liveness.restart(now);
      roundTrip.stop();
    }
    this.#measurements.hasten(now);
  }

  /** The paths of the choice are others. */
  #chooseAnew(now: number): void {
    this.#reason = this.#up.length > 1 ? NOT_COMPARED : ONLY_ONE;
    this.#measurements.noteJoin(now);
    this.#measurements.hasten(now);
  }

  #end(now: number): readonly PathDecision[] {
    // The clocks are not looked at where there is nothing to choose.
    const hasChoice = this.#hasChoice;
    if (hasChoice && !this.#hadChoice) {
      for (const { liveness } of this.#paths) liveness.restart(now);
      this.#tickedAt = now;
    }
    this.#hadChoice = hasChoice;
    this.#select(now);
    const finished = this.#paths.filter(({ roundTrip }) => roundTrip.finish(now));
    const isMeasuring = this.#paths.some(({ roundTrip }) => roundTrip.isActive);
    if (finished.length > 0 && !isMeasuring) this.#compare(now);
    const watch = { up: this.#up, used: this.#used, hasChoice };
    for (const path of watch.up) if (now >= probeAt(path, watch, now)) this.#probe(path, now);
    this.#isResting = this.#mayRest(now);
    const tickAt = this.#isResting ? this.#measurements.dueAt : this.#tickedAt + TICK_MS;
    this.#deadline = deadlineOf(watch, tickAt, now);
    return this.#decisions;
  }

  #carry(path: Path, traffic: PathTraffic | undefined, now: number): void {
    if (traffic === undefined || !path.liveness.isUp || (!traffic.sent && !traffic.received)) return;
    path.liveness.carry(traffic, now);
    path.roundTrip.stop();
    if (path === this.#used) this.#measurements.noteTraffic(now);
  }

  /** Takes a path into the choice, and measures it beside the one in use. */
  #join(path: Path, now: number): void {
    path.liveness.join();
    path.roundTrip.start(now);
    if (this.#used !== undefined && this.#measurements.isQuiet(now)) this.#used.roundTrip.start(now);
    if (this.#reason === ONLY_ONE) this.#reason = NOT_COMPARED;
    this.#measurements.noteJoin(now);
  }

  /** Uses what the preference and the state of the paths demand, without a look at round trips of a path that works. */
  #select(now: number): void {
    const demanded = this.#demanded;
    const preferred = demanded === "auto" ? undefined : this.#find(demanded);
    if (preferred !== undefined) {
      if (preferred.liveness.isUp) this.#use(preferred, "set by the configuration", now);
      else this.#use(undefined, downText(preferred), now);
      return;
    }
    const before = this.#used;
    if (before?.liveness.isUp !== true) {
      const best = bestOf(this.#paths, now);
      const alone = this.#up.length > 1 ? NOT_COMPARED : ONLY_ONE;
      const reason = before === undefined ? alone : downText(before);
      this.#use(best, best === undefined ? "no path is up" : reason, now);
    }
    const direct = this.#find("direct");
    const { isUp, hasAnswered } = direct.liveness;
    if (isUp && hasAnswered && rankOf(direct, now) === Rank.Working) {
      this.#use(direct, "direct needs no tunnel", now);
    }
    this.#useExpected(now);
  }

  /** Uses the path of which more is expected as soon as it answers; later its round trip may speak against it. */
  #useExpected(now: number): void {
    const { expected: kind, isPending } = this.#measurements;
    const expected = kind && this.#find(kind);
    if (expected === undefined || !isPending || this.#used?.kind === "direct") return;
    const { isUp, hasAnswered } = expected.liveness;
    if (isUp && hasAnswered && rankOf(expected, now) === Rank.Working) {
      this.#use(expected, expectedText(expected.kind), now);
    }
  }

  #use(path: Path | undefined, reason: string, now: number): void {
    this.#reason = reason;
    if (path === this.#used) return;
    this.#used = path;
    this.#measurements.noteChange(now);
    if (path !== undefined) {
      path.liveness.join();
      path.liveness.restart(now);
      if (path.roundTrip.value === undefined) path.roundTrip.start(now);
    }
    const told = this.#isReplaced ? this.#replacedText(reason) : reason;
    this.#decisions.push({ kind: "use", path: path?.kind, reason: told });
  }

  /** Takes the traffic off a path that is silent, where another one works, and other silent ones out of the choice. */
  #giveUpSilent(now: number): void {
    for (const path of this.#up) {
      if (path.liveness.isRecovering || !path.liveness.isSilent(now)) continue;
      const others = this.#up.filter((other) => other !== path);
      const best = path === this.#used ? bestOf(others, now) : undefined;
      if (path === this.#used && (best === undefined || rankOf(best, now) > Rank.Answering)) continue;
      path.liveness.lose(now);
      path.roundTrip.stop();
      if (best !== undefined) this.#use(best, `${path.kind} is silent`, now);
    }
  }

  /** Compares the round trips of engine and udp, where one of them is in use. */
  #compare(now: number): void {
    const used = this.#used;
    if (this.#demanded !== "auto" || used === undefined || used.kind === "direct") return;
    const other = this.#find(used.kind === "udp" ? "engine" : "udp");
    if (!other.liveness.isUp || rankOf(other, now) !== Rank.Working) return;
    const verdict = this.#measurements.compare(used, other);
    if (verdict?.better === other) this.#use(other, verdict.reason, now);
    else if (verdict !== undefined) this.#reason = verdict.reason;
  }

  /** Says that direct is set and why another path is used. */
  #replacedText(reason: string): string {
    const { downReason } = this.#find("direct").liveness;
    return this.#used === undefined
      ? `direct is down: ${downReason}`
      : `direct is set and down (${downReason}): ${reason}`;
  }

  #probe({ kind, liveness, roundTrip }: Path, now: number): void {
    liveness.probe(now);
    roundTrip.probe(now);
    this.#decisions.push({ kind: "probe", path: kind });
  }

  /** Whether there is a choice, and all paths are quiet, sound and measured as far as is due. What direct loses its prober finds. */
  #mayRest(now: number): boolean {
    return this.#hasChoice && this.#measurements.isQuiet(now) && now < this.#measurements.dueAt &&
      this.#up.every(({ liveness, roundTrip }) => {
        return !liveness.isRecovering && liveness.waitingSince === Infinity && !roundTrip.isActive;
      });
  }
}

function downText({ kind, liveness }: Path): string {
  return `${kind} is down: ${liveness.downReason}`;
}
