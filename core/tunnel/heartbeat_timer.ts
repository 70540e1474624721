import { Backoff } from "../async/backoff.ts";

/**
 * Milliseconds between repeated heartbeats, if the interval is not shorter: a server that has moved is looked for after four of
 * them, and found within 2 s.
 */
const REPEAT_MS = 400;
/** Heartbeats repeated at that pace, for a minute. */
const FAST_REPEATS = 150;
/** Milliseconds between them after that, if the interval is not shorter: a server that stood still for long is back within 2 s. */
const SLOW_REPEAT_MS = 1_500;
/** Milliseconds between two looks at the traffic of an idle tunnel, so that its beginning is noticed. */
const LOOK_MS = 1_000;
/** Unanswered heartbeats that lost datagrams may explain; with the next one the host name is looked up again. */
const MAX_UNANSWERED = 2;
/** The longest pause between look-ups, in milliseconds; the first one takes a second. */
const MAX_LOOKUP_PAUSE_MS = 30_000;

/** What is due. */
export interface HeartbeatActions {
  /** Send a heartbeat. */
  readonly heartbeat: boolean;
  /** Look the server's host name up again. */
  readonly lookup: boolean;
}

/**
 * Decides when a client sends heartbeats, and when it looks for its server again. All times are milliseconds on one monotonic
 * clock.
 *
 * A heartbeat goes out after an interval in which nothing came in or nothing went out: the first finds out that the server is
 * gone or has lost this client, the second keeps address translations on the way alive. It goes out at once where packets went
 * both ways before and get no answer now. A heartbeat without an answer is repeated soon; after two of them the host name is
 * looked up again, with growing pauses.
 */
export class HeartbeatTimer {
  #next: number;
  /** When a heartbeat is due, whatever the traffic; ticks before that are looks at the traffic. */
  #due: number;
  /** Whether packets have gone both ways since traffic without an answer last caused a heartbeat. */
  #wasTwoWay = false;
  /** Heartbeats in a row that nothing came back for. */
  #unanswered = 0;
  #lookupAt = -Infinity;
  readonly #lookups: Backoff;

  /** Starts the timer of an idle tunnel's interval. The first heartbeat is due at once. */
  constructor(readonly interval: number, now: number, maxLookupPause: number = MAX_LOOKUP_PAUSE_MS) {
    this.#next = this.#due = now;
    this.#lookups = new Backoff({ firstMs: 1000, maxMs: maxLookupPause });
  }

  /** When {@linkcode tick} is to be called next. */
  get nextDeadline(): number {
    return this.#next;
  }

  /** Whether the server has been silent for longer than a lost datagram or two explain. */
  get isSilent(): boolean {
    return this.#unanswered > MAX_UNANSWERED;
  }

  /** Something came from the server. */
  onReceive(now: number): void {
    this.#lookups.reset();
    this.#lookupAt = -Infinity;
    if (this.#unanswered === 0) return;
    this.#unanswered = 0;
    this.#wait(now);
  }

  /** The network has changed, so the tunnel may be broken: the next tick is due at once. */
  onNetworkChange(now: number): void {
    this.#next = this.#due = Math.min(this.#due, now);
  }

  /** The server has ended: a heartbeat is due as soon as one without an answer is repeated. */
  hasten(now: number): void {
    this.#next = this.#due = Math.min(this.#due, now + Math.min(REPEAT_MS, this.interval));
  }

  /** Called at {@linkcode nextDeadline} with whether packets were received and sent since the last call. */
  tick(now: number, received: boolean, sent: boolean): HeartbeatActions {
    const pause = Math.min(REPEAT_MS, this.interval);
    if (received) this.onReceive(now);
    if (received && sent) {
      this.#wasTwoWay = true;
      this.#next = this.#due = now + pause;
      return { heartbeat: false, lookup: false };
    }
    if (now < this.#due && !(this.#wasTwoWay && sent && !received)) {
      this.#next = Math.min(this.#due, now + LOOK_MS);
      return { heartbeat: false, lookup: false };
    }
    if (now < this.#due) this.#wasTwoWay = false;
    this.#next = this.#due = now +
      (this.#unanswered < FAST_REPEATS ? pause : Math.min(SLOW_REPEAT_MS, this.interval));
    this.#unanswered++;
    const lookup = this.isSilent && now >= this.#lookupAt;
    if (lookup) this.#lookupAt = now + this.#lookups.next();
    return { heartbeat: true, lookup };
  }

  /** Waits for an interval, and looks at the traffic meanwhile. */
  #wait(now: number): void {
    this.#due = now + this.interval;
    this.#next = Math.min(this.#due, now + LOOK_MS);
  }
}
