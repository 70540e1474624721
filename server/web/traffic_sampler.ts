import type { Clock } from "../../core/async/clock.ts";
import { TrafficHistory, type TrafficSample } from "../../core/metrics/traffic_history.ts";

/** Milliseconds between samples while somebody looks or packets go. */
const STEP = 1_000;

/** Milliseconds between samples while nobody looks and nothing goes: the machine shall be left asleep. */
const IDLE_STEP = 10_000;

/** Bytes a second that count as traffic: what a name server or a keep-alive makes does not. */
const MIN_RATE = 1_000;

/** Fills the history: a sample a second while somebody looks or packets go, else one in ten. */
export class TrafficSampler implements Disposable {
  readonly history = new TrafficHistory();
  readonly #watchers = new Set<() => void>();
  #timer: Disposable | undefined;
  #last: TrafficSample | undefined;

  constructor(readonly sample: () => TrafficSample, readonly clock: Clock) {
    this.#tick();
  }

  /** Calls back after each sample, which then are a second apart. */
  watch(onSample: () => void): Disposable {
    this.#watchers.add(onSample);
    if (this.#watchers.size === 1) {
      // A row over a few milliseconds would be a spike in the chart.
      const age = this.clock.wallClock() - (this.#last?.at ?? 0);
      this.#timer?.[Symbol.dispose]();
      if (age >= 0 && age < STEP) this.#timer = this.clock.after(STEP - age, () => this.#tick());
      else this.#tick();
    }
    return { [Symbol.dispose]: () => void this.#watchers.delete(onSample) };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #tick(): void {
    const sample = this.sample();
    this.history.add(sample);
    const last = this.#last ?? sample;
    this.#last = sample;
    const bytes = sample.sent + sample.received - last.sent - last.received;
    const isBusy = bytes * 1000 >= MIN_RATE * (sample.at - last.at) && bytes > 0;
    const step = this.#watchers.size > 0 || isBusy ? STEP : IDLE_STEP;
    this.#timer = this.clock.after(step, () => this.#tick());
    for (const onSample of this.#watchers) onSample();
  }
}
