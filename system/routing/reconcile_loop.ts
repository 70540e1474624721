import type { Clock } from "../../core/async/clock.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import type { WatchRoutes } from "./platform_router.ts";

/** Milliseconds after which the work is done without a change. */
const PERIOD = 30_000;
/** The work takes at most one part in this many of the time, however fast changes come. */
const REST_FACTOR = 10;
/** But work that took long, because much was to be put back by one program each, is no reason to be blind for long. */
const MAX_REST = 2_000;

/** What the loop is made of. */
export interface ReconcileDeps {
  /** Puts right what is wrong; must not throw. Tells after how many milliseconds it wants to be called again, if early. */
  readonly work: () => Promise<number | undefined>;
  /** Tells of changes. */
  readonly watch: WatchRoutes;
  readonly clock?: Clock;
}

/**
 * Does a work whenever something has changed, and every half minute in case a change was missed, until it is disposed of. The
 * first work is due after the first change.
 */
export class ReconcileLoop implements AsyncDisposable {
  readonly #work: () => Promise<number | undefined>;
  readonly #clock: Clock;
  readonly #watching: AsyncDisposable;
  #working: Promise<void> | undefined;
  #wait: Disposable | undefined;
  #dueAt = Infinity;
  #notBefore = -Infinity;
  #isChanged = false;
  #isClosed = false;

  constructor({ work, watch, clock = SYSTEM_CLOCK }: ReconcileDeps) {
    this.#work = work;
    this.#clock = clock;
    this.#plan(clock.now() + PERIOD);
    this.#watching = watch(() => this.#noteChange());
  }

  /** Ends the loop; work that is under way is waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#wait?.[Symbol.dispose]();
    await this.#watching[Symbol.asyncDispose]();
    await this.#working;
  }

  #noteChange(): void {
    this.#isChanged = true;
    if (this.#working === undefined) this.#plan(this.#notBefore);
  }

  #plan(time: number): void {
    if (this.#isClosed || time >= this.#dueAt) return;
    this.#wait?.[Symbol.dispose]();
    this.#dueAt = time;
    this.#wait = this.#clock.after(Math.max(0, time - this.#clock.now()), () => {
      this.#dueAt = Infinity;
      this.#working = this.#run().finally(() => this.#working = undefined);
    });
  }

  async #run(): Promise<void> {
    const start = this.#clock.now();
    this.#isChanged = false;
    const next = await this.#work();
    const end = this.#clock.now();
    this.#notBefore = end + Math.min((end - start) * REST_FACTOR, MAX_REST);
    const wanted = this.#isChanged ? end : end + Math.min(next ?? PERIOD, PERIOD);
    this.#plan(Math.max(this.#notBefore, wanted));
  }
}
