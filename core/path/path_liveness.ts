/** Milliseconds without anything received after which a path is suspected: it is probed more often. */
export const SUSPECT_MS = 250;
/**
 * Milliseconds without anything received after which a path is silent. With the time between two ticks that is less than the 1.4 s
 * after which TCP sends for the third time (RFC 6298 with the 200 ms that Linux begins with); the fourth comes after 3 s.
 */
export const SILENT_MS = 1000;
/** Milliseconds for which a path that was lost has to answer every probe. */
const RECOVERY_MS = 10_000;
/** The same for a path that flaps. */
const FLAP_RECOVERY_MS = 60_000;
/** The same for a path whose packets do not arrive although its probes are answered: its answers tell little. */
const LEFT_RECOVERY_MS = 300_000;
/** A path flaps when it was lost so often within {@linkcode FLAP_WINDOW_MS}. */
const FLAP_LOSSES = 3;
const FLAP_WINDOW_MS = 60_000;

/** What a path carried since it was last asked: packets alone, neither probes nor their answers. */
export interface PathTraffic {
  /** Whether any packet was sent on it. */
  readonly sent: boolean;
  /** Whether any packet was received on it. */
  readonly received: boolean;
}

/** What a path that was lost has to do before it is chosen again. */
interface Recovery {
  /** Milliseconds for which it has to answer. */
  readonly hold: number;
  /** Since when it has answered every probe; undefined while it does not. */
  answeringSince: number | undefined;
}

/**
 * Tells whether one path works, from what is sent and received on it. All times are milliseconds on one monotonic clock.
 *
 * One clock counts silence: it starts when something is sent, a probe or a packet, and ends with anything that is received. A
 * path that was silent or down is lost: it has to answer every probe for a while before it is chosen again.
 */
export class PathLiveness {
  #isUp = false;
  #downReason = "not up yet";
  #waitingSince = Infinity;
  #heardAt = -Infinity;
  #probedAt = -Infinity;
  #hasAnswered = false;
  #recovery: Recovery | undefined;
  /** The times of the last losses, the oldest first. */
  #losses: number[] = [];

  /** Whether it can carry packets, as far as its two ends know. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Why it is down. */
  get downReason(): string {
    return this.#downReason;
  }

  /** Since when something has been waiting for an answer; Infinity while nothing is. */
  get waitingSince(): number {
    return this.#waitingSince;
  }

  /** When anything was last received, or {@linkcode restart} was called. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** When it was last probed. */
  get probedAt(): number {
    return this.#probedAt;
  }

  /** Whether it has answered a probe since it came up. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Whether it was lost and has not yet answered for long enough. */
  get isRecovering(): boolean {
    return this.#recovery !== undefined;
  }

  /** For how long it has to answer, in milliseconds; 0 where it was not lost. */
  get recoveryMs(): number {
    return this.#recovery?.hold ?? 0;
  }

  /** Whether that time is the longer one of a path that flaps. */
  get isFlapping(): boolean {
    return this.#recovery?.hold === FLAP_RECOVERY_MS;
  }

  /** It came up. */
  up(now: number): void {
    this.#isUp = true;
    this.#hasAnswered = false;
    this.#probedAt = -Infinity;
    this.#waitingSince = Infinity;
    this.restart(now);
  }

  /** It went down, or is down for another reason than before. */
  down(reason: string, now: number): void {
    // A path that is silent already is not lost a second time.
    if (this.#isUp && (this.#recovery === undefined || this.isAnswering(now))) this.lose(now);
    this.#isUp = false;
    this.#downReason = reason;
  }

  /** It is lost: the traffic goes elsewhere until it has recovered. */
  lose(now: number): void {
    this.#losses = [...this.#losses, now].slice(-FLAP_LOSSES);
    const [first = now] = this.#losses;
    const flaps = this.#losses.length === FLAP_LOSSES && now <= first + FLAP_WINDOW_MS;
    this.#recovery = { hold: flaps ? FLAP_RECOVERY_MS : RECOVERY_MS, answeringSince: undefined };
  }

  /** Packets do not arrive although it answers: it is lost for longer. */
  leave(now: number): void {
    this.lose(now);
    this.#recovery = { hold: LEFT_RECOVERY_MS, answeringSince: undefined };
  }

  /** It is chosen, whether it has recovered or not. */
  join(): void {
    this.#recovery = undefined;
  }

  /** A probe is sent. A probe before it without an answer is a gap. */
  probe(now: number): void {
    if (this.#recovery !== undefined && this.isSuspect(now)) this.#recovery.answeringSince = undefined;
    this.#probedAt = now;
    this.#waitingSince = Math.min(this.#waitingSince, now);
  }

  /** A probe was answered. */
  answer(now: number): void {
    this.#waitingSince = Infinity;
    this.#heardAt = now;
    this.#hasAnswered = true;
    if (this.#recovery !== undefined) this.#recovery.answeringSince ??= now;
  }

  /** It carried this since the last report. Of a path that was lost only answers count. */
  carry({ sent, received }: PathTraffic, now: number): void {
    if (this.#recovery !== undefined) return;
    if (received) {
      this.#heardAt = now;
      this.#waitingSince = Infinity;
    }
    // The order of what was sent and received since the last report is not known: the later one may have been sent.
    if (sent) this.#waitingSince = Math.min(this.#waitingSince, now);
  }

  /** Starts all clocks again, where nobody has looked for some time. */
  restart(now: number): void {
    if (this.#waitingSince !== Infinity) this.#waitingSince = now;
    this.#heardAt = now;
    if (this.#recovery !== undefined) this.#recovery.answeringSince = undefined;
  }

  /** Leaves so many milliseconds before now out of the silence. */
  postpone(milliseconds: number, now: number): void {
    if (this.#waitingSince !== Infinity) {
      this.#waitingSince = Math.min(this.#waitingSince + milliseconds, now);
    }
  }

  /** Whether something has waited so long for an answer that the path may have failed. */
  isSuspect(now: number): boolean {
    return now >= this.#waitingSince + SUSPECT_MS;
  }

  /** Whether something has waited so long that the path has failed. */
  isSilent(now: number): boolean {
    return now >= this.#waitingSince + SILENT_MS;
  }

  /** Whether it was lost and answers now. */
  isAnswering(now: number): boolean {
    return this.#recovery?.answeringSince !== undefined && !this.isSuspect(now);
  }

  /** Whether it was lost and has answered for long enough. */
  hasRecovered(now: number): boolean {
    const { answeringSince, hold } = this.#recovery ?? { answeringSince: undefined, hold: 0 };
    return answeringSince !== undefined && !this.isSuspect(now) && now >= answeringSince + hold;
  }
}
