/**
 * When a client sends heartbeats and when it doubts its server, as pure arithmetic on times.
 *
 * A heartbeat goes out when for one interval nothing came in or nothing went out: the one finds out that the server is
 * gone or has forgotten us, the other keeps address translations on the way alive. One that is not answered is
 * repeated soon; after two the host name is looked up again, with growing pauses.
 *
 * @module
 */

/** Milliseconds between repeated heartbeats, if the interval is not shorter. */
const REPEAT = 1000;
/** Heartbeats repeated at that pace; then one an interval. */
const FAST_REPEATS = 60;
/** Unanswered heartbeats after which the host name is looked up again. */
const DOUBTS = 2;
/** First and, unless said otherwise, longest pause between look-ups, in milliseconds. */
const FIRST_LOOKUP_PAUSE = 1000;
const LONGEST_LOOKUP_PAUSE = 30_000;

/** What is due. */
export interface HeartbeatActions {
  /** Send a heartbeat. */
  readonly heartbeat: boolean;
  /** Look the server's host name up again. */
  readonly lookup: boolean;
}

/** The clock of one client. All times are milliseconds on one monotonic clock. */
export class HeartbeatTimer {
  #next: number;
  #unanswered = 0;
  #lookupAt = -Infinity;
  #lookupPause = FIRST_LOOKUP_PAUSE;

  /**
   * Starts the clock.
   *
   * @param interval milliseconds between heartbeats of an idle tunnel
   * @param now the present; the first heartbeat is due at once
   * @param longestPause milliseconds between look-ups at the most
   */
  constructor(readonly interval: number, now: number, readonly longestPause: number = LONGEST_LOOKUP_PAUSE) {
    this.#next = now;
  }

  /** When {@linkcode tick} wants to be called next. */
  get nextDeadline(): number {
    return this.#next;
  }

  /** Heartbeats in a row that nothing came back for. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Whether the server has been silent for longer than a lost datagram or two explain. */
  get isSilent(): boolean {
    return this.#unanswered > DOUBTS;
  }

  /** Something came from the server. */
  onReceive(now: number): void {
    this.#lookupPause = FIRST_LOOKUP_PAUSE;
    this.#lookupAt = -Infinity;
    if (this.#unanswered === 0) return;
    this.#unanswered = 0;
    this.#next = now + this.interval;
  }

  /**
   * Called at {@linkcode nextDeadline}.
   *
   * @param received whether packets came since the last call
   * @param sent whether packets went since the last call
   */
  tick(now: number, received: boolean, sent: boolean): HeartbeatActions {
    const pause = Math.min(REPEAT, this.interval);
    if (received) this.onReceive(now);
    if (received && sent) {
      this.#next = now + pause;
      return { heartbeat: false, lookup: false };
    }
    this.#next = now + (this.#unanswered < FAST_REPEATS ? pause : this.interval);
    this.#unanswered++;
    const lookup = this.isSilent && now >= this.#lookupAt;
    if (lookup) {
      this.#lookupAt = now + this.#lookupPause;
      this.#lookupPause = Math.min(2 * this.#lookupPause, this.longestPause);
    }
    return { heartbeat: true, lookup };
  }
}
