/** Paths in virtual time: what a {@linkcode PathSelector} decides while they work and fail. */
import assert from "node:assert/strict";
import type { PathKind, PathPreference } from "./path_kind.ts";
import { type PathDecision, PathSelector } from "./path_selector.ts";
import type { PathStatus } from "./path_status.ts";

/** One path of the simulation. */
export interface SimulatedPath {
  /** The round trip of a probe, in milliseconds. */
  roundTripMs: number;
  /** Whether what is sent arrives. */
  works: boolean;
}

/** A change of the path in use. */
export interface Switch {
  readonly at: number;
  readonly path: PathKind | undefined;
  readonly reason: string;
}

interface Answer {
  readonly at: number;
  readonly kind: PathKind;
  readonly roundTripMs: number;
}

/** How packets go while the simulation runs: one each so many milliseconds, answered or not. */
export interface Flow {
  readonly everyMs: number;
  readonly isAnswered: boolean;
}

/** A selector with its paths, whose clock is at 0. Ticks come when they are due. */
export class PathSimulation {
  /** The clock, in milliseconds. */
  now = 0;
  /** All changes of the path in use. */
  readonly switches: Switch[] = [];
  /** All probes. */
  readonly probes: { readonly at: number; readonly kind: PathKind }[] = [];
  /** The times of all ticks. */
  readonly ticks: number[] = [];
  /** What each path does. */
  readonly paths: Record<PathKind, SimulatedPath> = {
    direct: { roundTripMs: 0.05, works: true },
    engine: { roundTripMs: 0.13, works: true },
    udp: { roundTripMs: 0.52, works: true },
  };
  /** Milliseconds that ticks are late, from now on. */
  lateMs = 0;
  readonly selector: PathSelector;
  #flow: Flow | undefined;
  #nextPacketAt = Infinity;
  #answers: Answer[] = [];
  #traffic: Record<PathKind, { sent: boolean; received: boolean }>;
  /** When what was sent on the path in use began to stay without any answer; Infinity while nothing does. */
  #unansweredSince = Infinity;

  constructor(preference: PathPreference = "auto") {
    this.selector = new PathSelector(preference, 0);
    this.#traffic = this.#noTraffic();
  }

  /** The path in use. */
  get used(): PathKind | undefined {
    return this.selector.used;
  }

  /** Milliseconds since something was sent on the path in use after which nothing was received. */
  get silentFor(): number {
    return Math.max(0, this.now - this.#unansweredSince);
  }

  /** Lets packets flow on the path in use, from now on; undefined ends it. */
  flow(flow: Flow | undefined): void {
    this.#flow = flow;
    this.#nextPacketAt = flow === undefined ? Infinity : this.now;
  }

  up(...kinds: PathKind[]): void {
    for (const kind of kinds) this.#do(this.selector.up(kind, this.now));
  }

  down(kind: PathKind, reason = "the stream has ended"): void {
    this.#do(this.selector.down(kind, reason, this.now));
  }

  /** More is expected of this path than of the other one. */
  expect(kind: "engine" | "udp"): void {
    this.#do(this.selector.expect(kind, this.now));
  }

  prefer(preference: PathPreference): void {
    this.#do(this.selector.prefer(preference, this.now));
  }

  /** Packets by the path in use do not arrive although it answers probes. */
  leave(): void {
    this.#do(this.selector.leave(this.now));
  }

  /** The machine sleeps: time passes, and nothing happens. */
  sleep(milliseconds: number): void {
    this.now += milliseconds;
  }

  /** Runs for so many milliseconds; `each` is called after everything that happens. */
  run(milliseconds: number, each: () => void = () => {}): void {
    const end = this.now + milliseconds;
    for (;;) {
      const next = Math.min(this.#nextAt, end);
      this.now = Math.max(this.now, next);
      if (next >= end) break;
      this.#step();
      each();
    }
    each();
  }

  get #tickAt(): number {
    return (this.selector.nextDeadline ?? Infinity) + this.lateMs;
  }

  get #nextAt(): number {
    return Math.min(this.#tickAt, this.#nextPacketAt, ...this.#answers.map(({ at }) => at));
  }

  /** A tick comes before answers of the same time, as it does where answers wait to be read. */
  #step(): void {
    const answer = this.#answers.find(({ at }) => at <= this.now);
    if (this.#tickAt <= this.now) this.#tick();
    else if (answer !== undefined) {
      this.#answers = this.#answers.filter((one) => one !== answer);
      if (answer.kind === this.used) this.#unansweredSince = Infinity;
      this.#do(this.selector.answer(answer.kind, answer.roundTripMs, this.now));
    } else {
      this.#nextPacketAt = this.now + (this.#flow?.everyMs ?? Infinity);
      this.#sendPacket();
    }
  }

  #tick(): void {
    this.ticks.push(this.now);
    const traffic = this.#traffic;
    this.#traffic = this.#noTraffic();
    this.#do(this.selector.tick(this.now, traffic));
  }

  #sendPacket(): void {
    if (this.used === undefined) return;
    const traffic = this.#traffic[this.used];
    traffic.sent = true;
    const { isResting } = this.selector;
    if (this.#flow?.isAnswered === true && this.paths[this.used].works) {
      traffic.received = true;
      this.#unansweredSince = Infinity;
    } else this.#unansweredSince = Math.min(this.#unansweredSince, this.now);
    if (isResting) this.#tick();
  }

  #do(decisions: readonly PathDecision[]): void {
    for (const decision of decisions) {
      if (decision.kind === "use") {
        this.switches.push({ at: this.now, path: decision.path, reason: decision.reason });
        this.#unansweredSince = Infinity;
      } else {
        const { path: kind } = decision;
        const { works, roundTripMs } = this.paths[kind];
        this.probes.push({ at: this.now, kind });
        if (works) this.#answers.push({ at: this.now + roundTripMs, kind, roundTripMs });
      }
    }
  }

  #noTraffic(): Record<PathKind, { sent: boolean; received: boolean }> {
    const none = () => ({ sent: false, received: false });
    return { direct: none(), engine: none(), udp: none() };
  }
}

/** Packets both ways, fifty a second. */
export const BUSY: { readonly everyMs: number; readonly isAnswered: boolean } = {
  everyMs: 20,
  isAnswered: true,
};

/** A simulation in which these paths came up and were measured. */
export function measured(...kinds: PathKind[]): PathSimulation {
  const simulation = new PathSimulation();
  simulation.up(...kinds);
  simulation.run(2000);
  return simulation;
}

/** The paths that were used, in their order. */
export const pathsOf = ({ switches }: PathSimulation): (PathKind | undefined)[] =>
  switches.map(({ path }) => path);
/** Why the last of them was. */
export const lastReason = ({ switches }: PathSimulation): string | undefined => switches.at(-1)?.reason;

/** When a path was probed. */
export function probesOf({ probes }: PathSimulation, kind: PathKind, since = 0): number[] {
  return probes.filter((probe) => probe.kind === kind && probe.at >= since).map(({ at }) => at);
}

/** What the status says of a path. */
export function stateOf({ selector }: PathSimulation, kind: PathKind): PathStatus {
  const found = selector.states.find((state) => state.kind === kind);
  assert.ok(found !== undefined);
  return found;
}
