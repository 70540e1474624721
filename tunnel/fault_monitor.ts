import { formatDuration } from "../cli/format.ts";
import type { Clock } from "../core/async/clock.ts";
import type { Fault } from "../core/faults/fault_table.ts";
import type { ActiveFault, FaultWatch } from "../core/faults/fault_watch.ts";
import { getLogger, LogOnChange } from "../program/log.ts";
import type { FaultStatus } from "../program/status_document.ts";
import { SYSTEM_CLOCK } from "../system/process/system_clock.ts";

const log = getLogger("fault");

/** Milliseconds between two looks while nobody asks for the status: with the waits of the rows a fault shows within 15 s. */
const PERIOD_MS = 5_000;

/** How the faults of a program are derived from its status. Pure. */
export interface FaultRules<Facts> {
  readonly find: (facts: Facts) => readonly Fault[];
  /** One sentence, given the faults that are shown. */
  readonly summarize: (facts: Facts, faults: readonly Fault[]) => string;
}

/** What a monitor works with. */
export interface FaultMonitorOptions<Facts> {
  /** The facts of this moment. */
  readonly facts: () => Facts;
  /** Loads the rules and the table behind them, which no start waits for. */
  readonly load: () => Promise<FaultRules<Facts>>;
  readonly clock?: Clock;
}

/** The two fields of a status document. */
export interface FaultFields {
  readonly summary: string;
  readonly faults: readonly FaultStatus[];
}

/** Looks every few seconds at what is wrong, logs each fault when it shows and when it is over, and tells the status. */
export class FaultMonitor<Facts> implements Disposable {
  readonly #clock: Clock;
  #rules: (FaultRules<Facts> & { readonly watch: FaultWatch }) | undefined;
  #shown: readonly ActiveFault[] = [];
  #timer: Disposable | undefined;
  #isDisposed = false;
  readonly #said = new LogOnChange();
  /** Resolves when the rules are loaded and the first look is over. */
  readonly ready: Promise<void>;

  constructor(readonly options: FaultMonitorOptions<Facts>) {
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.ready = this.#start();
  }

  /** Looks now. Before the rules are loaded, nothing is known. */
  look(facts: Facts = this.options.facts()): FaultFields {
    const rules = this.#rules;
    if (rules === undefined) return { summary: "starting", faults: [] };
    const now = this.#clock.wallClock();
    const before = this.#shown;
    const shown = this.#shown = rules.watch.update(rules.find(facts), now);
    for (const fault of shown) if (!before.some((each) => isSame(each, fault))) logShown(fault);
    for (const fault of before) if (!shown.some((each) => isSame(each, fault))) logOver(fault, now);
    this.#plan(Math.min(PERIOD_MS, rules.watch.nextShow ?? PERIOD_MS));
    return { summary: rules.summarize(facts, shown), faults: shown.map(fieldsOf) };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
  }

  async #start(): Promise<void> {
    const [rules, { FaultWatch }] = await Promise.all([
      this.options.load(),
      import("../core/faults/fault_watch.ts"),
    ]);
    this.#rules = { ...rules, watch: new FaultWatch() };
    this.#tick();
  }

  /** The tunnel goes on, whatever is wrong with what looks for faults. */
  #tick(): void {
    if (this.#isDisposed) return;
    this.#plan(PERIOD_MS);
    try {
      this.look();
    } catch (error) {
      const reason = String(error);
      if (this.#said.changed("look", reason)) log.error("cannot look for faults", { reason });
    }
  }

  #plan(milliseconds: number): void {
    this.#timer?.[Symbol.dispose]();
    if (!this.#isDisposed) this.#timer = this.#clock.after(milliseconds, () => this.#tick());
  }
}

function isSame(a: Fault, b: Fault): boolean {
  return a.code === b.code && a.subject === b.subject;
}

function logShown({ code, severity, text, remedy }: ActiveFault): void {
  log[severity === "error" ? "error" : "warn"](`fault ${code}: ${text}. ${remedy}`);
}

function logOver({ code, subject, since }: ActiveFault, now: number): void {
  const about = subject === "" ? {} : { subject };
  log.info(`fault ${code} is over`, { ...about, lasted: formatDuration((now - since) / 1000) });
}

function fieldsOf({ code, severity, title, text, remedy, since }: ActiveFault): FaultStatus {
  return { code, severity, title, text, remedy, since: new Date(since).toISOString() };
}
