import { type Clock, deadline } from "../../core/async/clock.ts";
import { asOperationError } from "../../core/error.ts";
import { type Fault, fault } from "../../core/faults/fault_table.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import type { PathKind } from "../../core/path/path_kind.ts";
import type { Answering } from "../../core/reachability/answer_record.ts";
import { breakPlace, type KernelRoute } from "../../core/reachability/break_place.ts";
import type { ProbedNetwork } from "../../core/reachability/probed_network.ts";
import { ReachabilityMonitor } from "../../core/reachability/reachability_monitor.ts";
import { RepairSequence, type RepairStep } from "../../core/reachability/repair_sequence.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { ReachabilityProbe } from "../../system/reachability/reachability_probe.ts";
import type { PortLook } from "../sharing/port_look.ts";
import type { LargePackets } from "./large_packets.ts";

const log = getLogger("network");

/** Milliseconds between two questions of a sound tunnel. */
export const PERIOD_MS = 10_000;
/** Milliseconds between two questions while something did not answer. */
const SUSPECT_MS = 1_000;
/** Milliseconds from a change to the question: what comes with it has happened by then. */
const SETTLE_MS = 500;
/** Milliseconds between two questions however many changes there are. */
const MIN_PAUSE_MS = 2_000;
/** Milliseconds after a sleep of the machine in which paths and routes come back by themselves. */
const WAKE_MS = 3_000;

/** Milliseconds that a step is waited for: an Engine that hangs must not keep the questions from being asked. */
const MAX_REPAIR_MS = 10_000;

/** Collaborators; those with defaults are for tests. */
export interface ReachabilityDeps {
  /** The client's virtual addresses. */
  readonly client: readonly IpAddress[];
  /** The networks whose packets go to the client, as they are now. */
  readonly networks: () => readonly ProbedNetwork[];
  /** The path in use; undefined: there is none, or client or Engine are gone, so that nothing can be told. */
  readonly path: () => PathKind | undefined;
  /** What the client says of the firewall of its machine. */
  readonly firewallFault: () => string | undefined;
  readonly routeOf: (address: IpAddress) => Promise<KernelRoute>;
  /** Disposed of with this. */
  readonly probe: Pick<ReachabilityProbe, "ask"> & Disposable;
  /** Disposed of with this. */
  readonly large: Pick<LargePackets, "ask" | "settle" | "forget" | "fault" | "isSuspect"> & Disposable;
  /** The sharing port, which is looked at in the same moments. Disposed of with this. */
  readonly port: Pick<PortLook, "ask" | "fault" | "isOn" | "isSuspect"> & Disposable;
  /** Other faults are found than before; must not throw. */
  readonly onFaults: () => void;
  /** Takes a step that may heal; false where it cannot be taken here. */
  readonly repair: (step: RepairStep, reason: string) => Promise<boolean>;
  /** Milliseconds that the machine has slept since the last call. */
  readonly slept: () => number;
  readonly clock?: Clock;
}

/** What the log says of a step. */
const STEPS: Readonly<Record<RepairStep, string>> = {
  routes: "put interface and routes right again",
  rules: "sent the client its configuration again",
  path: "left the path in use",
  attachment: "opens the engine path again",
  client: "started the client's container again",
};

/** Asks by the kernel's routes whether containers answer, tells which network does not, and does what may heal it. */
export class Reachability implements AsyncDisposable {
  faults: readonly Fault[] = [];
  readonly #clock: Clock;
  readonly #monitor: ReachabilityMonitor;
  readonly #sequence = new RepairSequence();
  readonly #logged = new LogOnChange();
  #timer: Disposable | undefined;
  #dueAt = Infinity;
  #startedAt = -Infinity;
  #running: Promise<void> | undefined;
  #path: PathKind | undefined;
  readonly #closing = Promise.withResolvers<boolean>();
  #isClosed = false;

  /** Starts at once. */
  constructor(readonly deps: ReachabilityDeps) {
    this.#clock = deps.clock ?? SYSTEM_CLOCK;
    this.#monitor = new ReachabilityMonitor(deps.client);
    this.#plan(0);
  }

  /** Whether the network of this name answers. */
  answering(name: string): Answering {
    return this.#monitor.answering(name);
  }

  /** Networks, containers, routes or paths have changed. */
  changed(): void {
    this.#monitor.networks = this.deps.networks();
    const pause = Math.max(SETTLE_MS, this.#startedAt + MIN_PAUSE_MS - this.#clock.now());
    this.#plan(pause);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#closing.resolve(true);
    this.#timer?.[Symbol.dispose]();
    this.deps.probe[Symbol.dispose]();
    this.deps.large[Symbol.dispose]();
    this.deps.port[Symbol.dispose]();
    await this.#running;
  }

  /** Asks so many milliseconds from now, unless it is to be sooner. What comes up while it asks waits for the end of that. */
  #plan(milliseconds: number): void {
    const at = this.#clock.now() + milliseconds;
    if (this.#isClosed || at >= this.#dueAt) return;
    this.#dueAt = at;
    if (this.#running !== undefined) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(milliseconds, () => {
      this.#dueAt = Infinity;
      this.#running = this.#round().then((next) => {
        this.#running = undefined;
        const sooner = this.#dueAt - this.#clock.now();
        this.#dueAt = Infinity;
        const pause = Math.min(next, sooner);
        if (pause !== Infinity) this.#plan(Math.max(0, pause));
      });
    });
  }

  /** Returns the milliseconds until the next one; Infinity: not before something changes. */
  async #round(): Promise<number> {
    const { large, port } = this.deps;
    const now = this.#startedAt = this.#clock.now();
    if (this.deps.slept() > 0) {
      this.#forget();
      return WAKE_MS;
    }
    try {
      const client = await this.#ask();
      if (this.#isClosed) return Infinity;
      await this.#tell();
      await this.#heal();
      if (this.#isClosed) return Infinity;
      await Promise.all([this.#askLarge(client), port.ask()]);
      await this.#tell();
      this.#logged.clear("probe");
    } catch (error) {
      const { report } = asOperationError(error, "Cannot see whether containers answer");
      if (this.#logged.changed("probe", report)) log.warn(report);
      return PERIOD_MS;
    }
    const past = this.#clock.now() - now;
    if (this.#path !== undefined && this.#monitor.isIdle && !port.isOn) return Infinity;
    const isSoon = this.#monitor.isSuspect || large.isSuspect || port.isSuspect ||
      this.#sequence.isActive(this.#monitor.break, this.#clock.now());
    return Math.max(0, (isSoon ? SUSPECT_MS : PERIOD_MS) - past);
  }

  /** Returns the client's address where it has answered. */
  async #ask(): Promise<IpAddress | undefined> {
    const monitor = this.#monitor;
    const { large } = this.deps;
    const before = this.#path;
    const path = this.#path = this.deps.path();
    // Each path has its own longest packet.
    if (path !== before) large.forget();
    monitor.networks = this.deps.networks();
    if (path === undefined) {
      monitor.forget();
      return undefined;
    }
    const asked = monitor.asked();
    if (monitor.isIdle || asked.length === 0) {
      large.forget();
      return undefined;
    }
    const answers = await this.deps.probe.ask(asked.map(({ candidate }) => candidate));
    const replies = asked.map((each, index) => ({ ...each, isAnswered: answers[index] ?? false }));
    // While packets changed paths, or the Engine went, silence tells nothing.
    const isSame = path === this.deps.path();
    monitor.settle(isSame ? replies : replies.filter(({ isAnswered }) => isAnswered));
    const client = replies.find(({ group }) => group.network === undefined);
    // Where nothing passes any more, that is told instead.
    if (client === undefined || monitor.clientAnswers(client.candidate.address.family) === false) {
      large.forget();
    }
    return client?.isAnswered ? client.candidate.address : undefined;
  }

  /** Behind the small questions: on a way that loses it, what the kernel sends together with it would be lost too. */
  async #askLarge(client: IpAddress | undefined): Promise<void> {
    const path = this.#path;
    if (client === undefined || path !== this.deps.path()) return;
    const { large } = this.deps;
    const question = await large.ask(client);
    large.settle(question, path === this.deps.path());
  }

  #forget(): void {
    this.#monitor.forget();
    this.deps.large.forget();
  }

  /** Derives the faults: one for each network, whichever IP versions it has, and those beside. */
  async #tell(): Promise<void> {
    const silent = [
      ...new Map(this.#monitor.silent.reverse().map((each) => [each.network.name, each])).values(),
    ];
    const found: Fault[] = [];
    for (const { network, address } of silent.reverse()) {
      const { name } = network;
      const place = await this.#placeOf(network, address);
      found.push(fault("network.silent", { network: name, address: formatAddress(address), place }));
    }
    const { large, port } = this.deps;
    const namesOf = (faults: readonly Fault[]) =>
      faults.map(({ code, subject }) => `${code} ${subject}`).join();
    const before = namesOf(this.faults);
    this.faults = [...found, large.fault, port.fault].filter((each) => each !== undefined);
    if (before !== namesOf(this.faults)) this.deps.onFaults();
  }

  async #placeOf({ key, family }: ProbedNetwork, address: IpAddress): Promise<string> {
    const { client, routeOf, firewallFault } = this.deps;
    return breakPlace({
      route: await routeOf(address),
      client: client.find((each) => each.family === family) ?? address,
      clientAnswers: this.#monitor.clientAnswers(family),
      othersAnswer: this.#monitor.othersAnswer(key),
      path: this.#path,
      firewallFault: firewallFault(),
    });
  }

  async #heal(): Promise<void> {
    const found = this.#monitor.break;
    const names = this.faults.flatMap(({ code, subject }) => code === "network.silent" ? [subject] : [])
      .join(", ");
    for (;;) {
      const step = this.#sequence.next(found, this.#clock.now());
      if (step === undefined) return;
      const repair = this.deps.repair(step, `no container of ${names} answers`).catch(
        (error: unknown) => {
          log.warn(asOperationError(error, "Cannot heal the tunnel").report);
          return false;
        },
      );
      const isOver = Promise.race([repair, this.#closing.promise]);
      const isDone = await deadline(isOver, MAX_REPAIR_MS, () => true, this.#clock);
      if (this.#isClosed) return;
      if (isDone) return log.info(`healing: ${STEPS[step]}`, { networks: names });
      this.#sequence.skip();
    }
  }
}
