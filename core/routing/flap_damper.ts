import { retryPause } from "../async/backoff.ts";

/**
 * How often something is put back at once, as long as it is never left alone for {@linkcode CALM}. A VPN that connects changes the
 * routing table a few times, which is no fight; one that enforces its own routes looks every second or two, and is known as
 * such after some 10 s.
 */
const FREE_RESTORATIONS = 4;
/** Milliseconds in place after which former losses do not count any more. */
const CALM = 60_000;

/** One thing that was lost. */
interface Loss {
  /** How often, without a calm time in between. */
  count: number;
  /** When it was last put back. */
  restoredAt: number;
  /** When it may be put back; undefined while it is in place. */
  dueAt: number | undefined;
}

/**
 * Decides when something that another program took away may be put back: at once the first times, then with growing pauses,
 * so that two programs that want different things do not take turns without end. All times are milliseconds on one monotonic
 * clock.
 */
export class FlapDamper {
  readonly #losses = new Map<string, Loss>();

  /** Something that was in place is gone. The key is its name. */
  down(key: string, now: number): void {
    const before = this.#losses.get(key);
    if (before?.dueAt !== undefined) return;
    if (before === undefined || now - before.restoredAt >= CALM) {
      this.#losses.set(key, { count: 1, restoredAt: now, dueAt: now });
      return;
    }
    before.count++;
    const paused = before.count - FREE_RESTORATIONS;
    before.dueAt = paused <= 0 ? now : before.restoredAt + retryPause(paused, false);
  }

  /** It is in place again. */
  up(key: string, now: number): void {
    const loss = this.#losses.get(key);
    if (loss?.dueAt === undefined) return;
    loss.dueAt = undefined;
    loss.restoredAt = now;
  }

  /** Who took things away does so no more: what is lost is due, and no former loss counts. */
  forgive(now: number): void {
    for (const [key, loss] of this.#losses) {
      if (loss.dueAt === undefined) this.#losses.delete(key);
      else this.#losses.set(key, { count: 1, restoredAt: now, dueAt: now });
    }
  }

  /** It is no longer wanted. */
  remove(key: string): void {
    this.#losses.delete(key);
  }

  /** Whether it was lost and not put back since. */
  isDown(key: string): boolean {
    return this.#losses.get(key)?.dueAt !== undefined;
  }

  /** Whether it may be put in place now; what was never lost may. */
  mayRestore(key: string, now: number): boolean {
    return (this.#losses.get(key)?.dueAt ?? now) <= now;
  }

  /** Whether it was taken away more often than is put up with. */
  isFlapping(key: string, now: number): boolean {
    const loss = this.#losses.get(key);
    if (loss === undefined || loss.count <= FREE_RESTORATIONS) return false;
    return loss.dueAt !== undefined || now - loss.restoredAt < CALM;
  }

  /** Milliseconds until the next thing that is not due may be put back, or counts as calm; undefined when nothing waits. */
  nextDeadline(now: number): number | undefined {
    let next = Infinity;
    for (const [key, { count, restoredAt, dueAt }] of this.#losses) {
      if (dueAt === undefined && now - restoredAt >= CALM) this.#losses.delete(key);
      else if (dueAt !== undefined || count > FREE_RESTORATIONS) {
        const wait = (dueAt ?? restoredAt + CALM) - now;
        if (wait > 0) next = Math.min(next, wait);
      }
    }
    return next === Infinity ? undefined : next;
  }
}
