/** Probes of one measurement. */
const PROBES = 5;
/** Milliseconds between them. */
const PROBE_PAUSE_MS = 100;
/** Milliseconds that the last of them is waited for. */
const ANSWER_MS = 500;

/** The round trip of one path, measured by five probes in a row. All times are milliseconds on one monotonic clock. */
export class RoundTrip {
  /** The last answers to probes of measurements that are over, in milliseconds. */
  #answers: readonly number[] = [];
  /** Those of the measurement under way. */
  #found: number[] = [];
  #isActive = false;
  #left = 0;
  #probeAt = Infinity;
  #endAt = Infinity;
  #measuredAt = -Infinity;

  /** The least of the last five answers in milliseconds; undefined before the first measurement. */
  get value(): number | undefined {
    return this.#answers.length === 0 ? undefined : Math.min(...this.#answers);
  }

  /** When the last measurement that had an answer was over. */
  get measuredAt(): number {
    return this.#measuredAt;
  }

  /** Whether a measurement is under way. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** When the next probe is due; Infinity: none is. */
  get probeAt(): number {
    return this.#probeAt;
  }

  /** When to look next: for a probe, or for the end; Infinity without a measurement. */
  get nextDeadline(): number {
    return Math.min(this.#probeAt, this.#endAt);
  }

  /** Begins a measurement; one that is under way goes on. */
  start(now: number): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.#left = PROBES;
    this.#found = [];
    this.#probeAt = now;
    this.#endAt = Infinity;
  }

  /** Ends the measurement without a result. */
  stop(): void {
    this.#isActive = false;
    this.#probeAt = Infinity;
    this.#endAt = Infinity;
  }

  /** Forgets everything: the path is another one. */
  clear(): void {
    this.stop();
    this.#answers = [];
    this.#measuredAt = -Infinity;
  }

  /** A probe is sent. */
  probe(now: number): void {
    if (now < this.#probeAt) return;
    this.#left--;
    this.#probeAt = this.#left > 0 ? now + PROBE_PAUSE_MS : Infinity;
    this.#endAt = this.#left > 0 ? Infinity : now + ANSWER_MS;
  }

  /** An answer came; only those within a measurement count. */
  answer(milliseconds: number): void {
    if (this.#isActive && milliseconds >= 0) this.#found.push(milliseconds);
  }

  /** Ends the measurement if all answers are there, or the last one is overdue; true when that was so. */
  finish(now: number): boolean {
    if (!this.#isActive || this.#left > 0) return false;
    if (this.#found.length < PROBES && now < this.#endAt) return false;
    this.#answers = [...this.#answers, ...this.#found].slice(-PROBES);
    if (this.#found.length > 0) this.#measuredAt = now;
    this.stop();
    return true;
  }
}
