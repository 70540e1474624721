import type { Clock } from "../../core/async/clock.ts";
import type { ServerStatus } from "../status/status_document.ts";
import type { WebEvents } from "../../system/web/web_listener.ts";
import { pageCounters, pageState, type WebSources } from "./page_state.ts";
import type { TrafficSampler } from "./traffic_sampler.ts";

export interface EventFeedDeps extends WebSources {
  readonly sampler: TrafficSampler;
  readonly clock: Clock;
}

type Send = (event: string, data: string) => void;

/**
 * The events of all open pages. A page gets at once the `history` of the charts and the `state`; then each second a `sample`,
 * and the `state` again when it has changed. Both are made once, however many pages are open, and not at all without one.
 */
export class EventFeed implements Disposable {
  readonly #pages = new Set<Send>();
  #watch: Disposable | undefined;
  #state = "";

  constructor(readonly deps: EventFeedDeps) {}

  /** The answer to one page. */
  get events(): WebEvents {
    return {
      begin: (send) => {
        if (this.#pages.size === 0) {
          this.#watch = this.deps.sampler.watch(() => this.#tell());
        }
        this.#pages.add(send);
        const status = this.deps.status();
        this.#state = JSON.stringify(pageState(status, this.deps));
        const now = this.deps.clock.wallClock();
        send("history", JSON.stringify(this.deps.sampler.history.columns(now)));
        send("state", this.#state);
        send("sample", this.#sample(status));
        return {
          [Symbol.dispose]: () => {
            this.#pages.delete(send);
            if (this.#pages.size === 0) this[Symbol.dispose]();
          },
        };
      },
    };
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #sample(status: ServerStatus): string {
    const { sampler } = this.deps;
    const { time: [time], sent: [sent], received: [received], roundTripMs: [roundTripMs = null] } = sampler
      .history.latest();
    const traffic = time === undefined ? null : { time, sent, received, roundTripMs };
    return JSON.stringify({ traffic, ...Object(pageCounters(status)) });
  }

  #tell(): void {
    const status = this.deps.status();
    const state = JSON.stringify(pageState(status, this.deps));
    const isNew = state !== this.#state;
    this.#state = state;
    const sample = this.#sample(status);
    for (const send of this.#pages) {
      if (isNew) send("state", state);
      send("sample", sample);
    }
  }
}
