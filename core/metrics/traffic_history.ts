/** What is known of the tunnel at one moment. */
export interface TrafficSample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes sent since the start. */
  readonly sent: number;
  /** Bytes received since the start. */
  readonly received: number;
  /** Milliseconds there and back on the path in use; undefined: not measured. */
  readonly roundTripMs: number | undefined;
}

/** What a chart needs: columns of the same length, oldest first. */
export interface TrafficColumns {
  /** Seconds since 1970. */
  readonly time: number[];
  /** Bits a second since the row before. */
  readonly sent: number[];
  /** Bits a second since the row before. */
  readonly received: number[];
  /** Milliseconds; null: not measured. */
  readonly roundTripMs: (number | null)[];
}

/** How long the charts reach back, in milliseconds. */
export const HISTORY_SPAN = 15 * 60_000;

/** Samples that are kept: one a second over the span. */
const CAPACITY = HISTORY_SPAN / 1000;

/**
 * The last 15 minutes of traffic, in a ring of fixed size (32 bytes a sample, 29 kB). Samples need not be equally far apart:
 * each row of a chart is the mean since the row before.
 */
export class TrafficHistory {
  readonly #times = new Float64Array(CAPACITY);
  readonly #sent = new Float64Array(CAPACITY);
  readonly #received = new Float64Array(CAPACITY);
  readonly #roundTrips = new Float64Array(CAPACITY);
  #count = 0;

  /** Adds a sample in place of the oldest. One that is not later than the last one is left out: the clock was set back. */
  add({ at, sent, received, roundTripMs }: TrafficSample): void {
    if (this.#count > 0 && at <= (this.#times[(this.#count - 1) % CAPACITY] ?? 0)) {
      // A clock that was set back for good must not stop the charts.
      if (at > (this.#times[(this.#count - 1) % CAPACITY] ?? 0) - 1000) return;
      this.#count = 0;
    }
    const index = this.#count++ % CAPACITY;
    this.#times[index] = at;
    this.#sent[index] = sent;
    this.#received[index] = received;
    this.#roundTrips[index] = roundTripMs ?? NaN;
  }

  /** The rows of the last 15 minutes before `now`; the first sample only begins the first row. */
  columns(now: number): TrafficColumns {
    return this.#rows(Math.max(0, this.#count - CAPACITY), now - HISTORY_SPAN);
  }

  /** The last row alone; no row before the second sample. */
  latest(): TrafficColumns {
    return this.#rows(Math.max(0, this.#count - 2), -Infinity);
  }

  #rows(first: number, since: number): TrafficColumns {
    const columns: TrafficColumns = { time: [], sent: [], received: [], roundTripMs: [] };
    for (let row = first + 1; row < this.#count; row++) {
      const [before, index] = [(row - 1) % CAPACITY, row % CAPACITY];
      const at = this.#times[index] ?? 0;
      if (at < since) continue;
      const seconds = (at - (this.#times[before] ?? 0)) / 1000;
      const rate = (table: Float64Array) =>
        Math.round(Math.max(0, (table[index] ?? 0) - (table[before] ?? 0)) * 8 / seconds);
      const roundTrip = this.#roundTrips[index] ?? NaN;
      columns.time.push(at / 1000);
      columns.sent.push(rate(this.#sent));
      columns.received.push(rate(this.#received));
      columns.roundTripMs.push(Number.isNaN(roundTrip) ? null : roundTrip);
    }
    return columns;
  }
}
