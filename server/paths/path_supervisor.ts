import type { Clock } from "../../core/async/clock.ts";
import { Counter, type CounterName } from "../../core/counters.ts";
import type { PathKind, PathPreference } from "../../core/path/path_kind.ts";
import type { PathTraffic } from "../../core/path/path_liveness.ts";
import { type PathDecision, PathSelector } from "../../core/path/path_selector.ts";
import type { PathStatus } from "../../core/path/path_status.ts";
import type { DataPlane } from "../../dataplane/data_plane.ts";
import { CARRIED_PATHS, type CarriedPath } from "../../dataplane/path/path.ts";
import { getLogger } from "../../program/log.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";

const log = getLogger("path");

export interface PathSupervisorDeps {
  readonly dataPlane: Pick<DataPlane, "pathCounters" | "usePath" | "probe" | "tellOfTraffic">;
  /** Sends a probe to the machine's own address. */
  readonly probeDirect?: () => void;
  /** Packets of this machine go there without the tunnel from now on, or through it again. */
  readonly useDirect?: (isUsed: boolean) => void;
  readonly preference: PathPreference;
  readonly clock?: Clock;
}

/** Sees to it that packets take the path that `core/path/` selects. */
export class PathSupervisor implements Disposable {
  readonly #clock: Clock;
  readonly #selector: PathSelector;
  #timer: Disposable | undefined;
  #isDisposed = false;
  /** What the data plane uses; beside `direct` it carries IPv6 and the packets of accessors. */
  #carried: CarriedPath | undefined;
  #isDirect = false;
  #counts: Record<CarriedPath, { sent: number; received: number }>;
  /** The count of sent packets beyond which the data plane tells of the next one. */
  #toldFrom: number | undefined;

  constructor(readonly deps: PathSupervisorDeps) {
    this.#clock = deps.clock ?? SYSTEM_CLOCK;
    this.#selector = new PathSelector(deps.preference, this.#clock.now());
    this.#counts = this.#count();
  }

  /** Each path, with why it is used or not. */
  get states(): readonly PathStatus[] {
    return this.#selector.states;
  }

  /** The path in use and why; undefined: there is none. */
  get used(): PathKind | undefined {
    return this.#selector.used;
  }

  get reason(): string {
    return this.#selector.reason;
  }

  up(path: PathKind): void {
    this.#do(this.#selector.up(path, this.#clock.now()));
  }

  /** @param reason for people, without a full stop */
  down(path: PathKind, reason: string): void {
    this.#do(this.#selector.down(path, reason, this.#clock.now()));
  }

  prefer(preference: PathPreference): void {
    const before = this.used;
    this.#do(this.#selector.prefer(preference, this.#clock.now()));
    const { used } = this;
    // Nothing changes then, which the user has to know.
    if (preference === "direct" && used !== undefined && used !== "direct" && used === before) {
      this.#tell(used, this.reason);
    }
  }

  /** More is expected of this path than of the other one. */
  expect(path: CarriedPath): void {
    this.#do(this.#selector.expect(path, this.#clock.now()));
  }

  /** A probe was answered. */
  answer(path: PathKind, milliseconds: number): void {
    this.#do(this.#selector.answer(path, milliseconds, this.#clock.now()));
  }

  /** Packets by the path in use do not arrive although it answers; false where no other one works. */
  leave(): boolean {
    const { used } = this.#selector;
    this.#do(this.#selector.leave(this.#clock.now()));
    return this.#selector.used !== used;
  }

  /** A packet was sent while nothing moved. */
  noteTraffic(): void {
    this.#tick();
  }

  /** Nothing is used or probed any more, whatever still comes while the paths are being closed. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #tick(): void {
    const before = this.#counts;
    this.#counts = this.#count();
    const traffic = Object.fromEntries(CARRIED_PATHS.map((path): [CarriedPath, PathTraffic] => [path, {
      sent: this.#counts[path].sent !== before[path].sent,
      received: this.#counts[path].received !== before[path].received,
    }]));
    this.#do(this.#selector.tick(this.#clock.now(), traffic));
  }

  #do(decisions: readonly PathDecision[]): void {
    if (this.#isDisposed) return;
    for (const { kind, path, ...rest } of decisions) {
      if (kind === "use") this.#use(path, "reason" in rest ? rest.reason : "");
      else if (path === "direct") this.deps.probeDirect?.();
      else if (path !== undefined) this.deps.dataPlane.probe(path);
    }
    if (this.#isDirect) this.#carryBeside();
    if (this.#selector.isResting) this.#awaitTraffic();
    this.#timer?.[Symbol.dispose]();
    const deadline = this.#selector.nextDeadline;
    if (deadline === undefined) return;
    this.#timer = this.#clock.after(Math.max(0, deadline - this.#clock.now()), () => this.#tick());
  }

  #awaitTraffic(): void {
    const sent = CARRIED_PATHS.reduce((sum, path) => sum + this.#counts[path].sent, 0);
    if (sent === this.#toldFrom) return;
    this.#toldFrom = sent;
    this.deps.dataPlane.tellOfTraffic(sent);
  }

  #tell(path: PathKind | undefined, reason: string): void {
    if (path === undefined) log.warn("no path to the client", { reason });
    else log.info(`packets go by the ${path} path`, { reason });
  }

  #use(path: PathKind | undefined, reason: string): void {
    this.#tell(path, reason);
    const isDirect = path === "direct";
    if (path !== undefined && path !== "direct") this.#carry(path);
    if (isDirect === this.#isDirect) return;
    this.#isDirect = isDirect;
    this.deps.useDirect?.(isDirect);
  }

  /** What no route leads directly goes by another path that is up. */
  #carryBeside(): void {
    const { states } = this.#selector;
    const ofState = (state: PathStatus["state"]) =>
      CARRIED_PATHS.filter((path) => states.some((each) => each.kind === path && each.state === state));
    const good = ofState("standby");
    if (this.#carried !== undefined && good.includes(this.#carried)) return;
    const next = [...good, ...ofState("recovering")][0];
    if (next !== undefined && next !== this.#carried) this.#carry(next);
  }

  #carry(path: CarriedPath): void {
    this.#carried = path;
    this.deps.dataPlane.usePath(path);
    // The client follows the path that its server uses, which the probe tells it where no packet does.
    this.deps.dataPlane.probe(path);
  }

  #count(): Record<CarriedPath, { sent: number; received: number }> {
    const { pathCounters } = this.deps.dataPlane;
    const of = (path: CarriedPath, name: CounterName) => pathCounters[path][Counter[name]] ?? 0;
    const count = (path: CarriedPath) => ({
      sent: of(path, "outbound.packets"),
      received: of(path, "inbound.packets"),
    });
    return { udp: count("udp"), engine: count("engine") };
  }
}
