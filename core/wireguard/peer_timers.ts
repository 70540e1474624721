/**
 * When the sessions of one peer are begun, renewed, kept alive and ended (whitepaper section 6), as arithmetic on times.
 *
 * The packet path reports what it sent and received now and then ({@linkcode PeerTimers.observe}); the main thread calls
 * {@linkcode PeerTimers.tick} at {@linkcode PeerTimers.nextTick} and does what it says. All times are milliseconds on one
 * steady scale.
 *
 * @module
 */
import type { SessionLimits } from "./limits.ts";

/** What is due. */
export type TimerAction =
  /** Send a handshake initiation, then call {@linkcode PeerTimers.initiationSent}. */
  | { readonly kind: "initiate" }
  /** Send a keepalive by the current session; it shows in the next report. */
  | { readonly kind: "keepalive" }
  /** The peer did not answer: drop packets that wait for a session. Waiting data begins anew. */
  | { readonly kind: "give up" }
  /** Every session born at this time or earlier is over: clear its keys. */
  | { readonly kind: "expire"; readonly bornUntil: number }
  /** Nothing was renewed for long: clear all that is left of the peer's sessions and handshakes. */
  | { readonly kind: "forget" };

/** The times of the latest packets over all sessions of the peer; -Infinity for what never happened. */
export interface Traffic {
  /** A transport message with a packet was sent. */
  readonly dataSentAt: number;
  /** A genuine one was received. */
  readonly dataReceivedAt: number;
  /** Any transport message was sent, keepalives too. */
  readonly sentAt: number;
  /** Any genuine one was received. */
  readonly receivedAt: number;
  /** The counter of the current session's next packet. */
  readonly counter: number;
}

/** The session that is sent on. */
interface Current {
  readonly initiator: boolean;
  readonly bornAt: number;
  /** A message received shortly before the end renews the session once. */
  renewedLate: boolean;
}

/** The timers of one peer. */
export class PeerTimers {
  #current: Current | undefined;
  /** When the session that waits for its confirmation was born. */
  #unconfirmed: number | undefined;
  /** Birth times of sessions that have not expired. */
  #births: number[] = [];
  #last = { dataSentAt: -Infinity, dataReceivedAt: -Infinity, sentAt: -Infinity, receivedAt: -Infinity };
  /** Since when a handshake is wanted. */
  #wantedAt = Infinity;
  #initiatedAt = -Infinity;
  /** When the present row of initiations began. */
  #attemptAt: number | undefined;
  #repeatAt = Infinity;
  #keepaliveAt = Infinity;
  #persistentAt = Infinity;
  /** When silence after data that was sent makes us begin anew. */
  #silenceAt = Infinity;
  #forgetAt = Infinity;

  /** Times by these limits. */
  constructor(readonly limits: SessionLimits) {}

  /** When {@linkcode tick} wants to be called next; Infinity: not before something else happens. */
  get nextTick(): number {
    const expiry = (this.#births[0] ?? Infinity) + this.limits.rejectAfterTime;
    return Math.min(
      expiry,
      this.#handshakeAt,
      this.#repeatAt,
      this.#keepaliveAt,
      this.#persistentAt,
      this.#silenceAt,
      this.#forgetAt,
    );
  }

  /** Whether initiations are being sent and none has been answered yet. */
  get isConnecting(): boolean {
    return this.#attemptAt !== undefined;
  }

  /** Whether data may be sent by the current session. */
  canSend(now: number, counter: number): boolean {
    return this.#current !== undefined && now - this.#current.bornAt < this.limits.rejectAfterTime &&
      counter < this.limits.rejectAfterMessages;
  }

  /** There is data for the peer, or another reason to have a session, and none that it can be sent by. */
  dataWaiting(now: number): void {
    if (this.#attemptAt === undefined) this.#want(now);
    else this.#attemptAt = now;
  }

  /**
   * An initiation was sent.
   *
   * @param jitter milliseconds from 0 to LONGEST_JITTER, at random, by which its repetition is put off
   */
  initiationSent(now: number, jitter: number): void {
    this.#wantedAt = Infinity;
    this.#initiatedAt = now;
    this.#attemptAt ??= now;
    this.#repeatAt = now + this.limits.rekeyTimeout + jitter;
    this.#silenceAt = Infinity;
    this.#keepaliveAt = Infinity;
  }

  /** A handshake that we began is complete. */
  initiated(now: number): void {
    this.#born(now);
    this.#begin({ initiator: true, bornAt: now, renewedLate: false });
  }

  /** We answered an initiation. */
  responded(now: number): void {
    this.#born(now);
    this.#unconfirmed = now;
    this.#keepaliveAt = Infinity;
    this.#silenceAt = Infinity;
  }

  /** The first packet came in by the session that we answered with. */
  confirmed(): void {
    const bornAt = this.#unconfirmed;
    if (bornAt === undefined) return;
    this.#unconfirmed = undefined;
    this.#begin({ initiator: false, bornAt, renewedLate: false });
  }

  /** Takes a report of the packet path. */
  observe(now: number, traffic: Traffic): void {
    const { dataSentAt, dataReceivedAt, sentAt, receivedAt, counter } = traffic;
    const { keepaliveTimeout, rekeyTimeout, persistentKeepalive } = this.limits;
    const sent = dataSentAt > this.#last.dataSentAt;
    const received = dataReceivedAt > this.#last.dataReceivedAt;
    // Keepalives show as well that the session is in use (section 6.2 speaks of transport messages).
    const anySent = sentAt > this.#last.sentAt;
    const anyReceived = receivedAt > this.#last.receivedAt;
    this.#last = { dataSentAt, dataReceivedAt, sentAt, receivedAt };
    // Passive keepalive (section 6.5): of two packets at the same time, the received one counts as the later.
    if (sentAt > dataReceivedAt) this.#keepaliveAt = Infinity;
    else if (received) this.#keepaliveAt = Math.min(this.#keepaliveAt, dataReceivedAt + keepaliveTimeout);
    if (receivedAt >= dataSentAt) this.#silenceAt = Infinity;
    else if (sent) {
      this.#silenceAt = Math.min(this.#silenceAt, dataSentAt + keepaliveTimeout + rekeyTimeout);
    }
    const latest = Math.max(sentAt, receivedAt);
    if (persistentKeepalive > 0 && latest > -Infinity) this.#persistentAt = latest + persistentKeepalive;
    if (this.#attemptAt === undefined && this.#isWorn(now, anySent, anyReceived, counter)) this.#want(now);
  }

  /** What is due now, in the order in which it is to be done. */
  tick(now: number): TimerAction[] {
    const actions: TimerAction[] = [];
    this.#expire(now, actions);
    this.#keepAlive(now, actions);
    this.#handshake(now, actions);
    return actions;
  }

  /** The machine has slept for so many milliseconds, in which the clock stood: sessions are older by that. */
  slept(milliseconds: number): void {
    this.#births = this.#births.map((bornAt) => bornAt - milliseconds);
    if (this.#current !== undefined) {
      this.#current = { ...this.#current, bornAt: this.#current.bornAt - milliseconds };
    }
    if (this.#unconfirmed !== undefined) this.#unconfirmed -= milliseconds;
    this.#initiatedAt -= milliseconds;
    this.#persistentAt -= milliseconds;
    this.#forgetAt -= milliseconds;
  }

  /** Ends everything: nothing is due until data waits again. */
  stop(): void {
    this.#current = undefined;
    this.#unconfirmed = undefined;
    this.#births = [];
    this.#wantedAt = Infinity;
    this.#attemptAt = undefined;
    this.#repeatAt =
      this.#keepaliveAt =
      this.#persistentAt =
      this.#silenceAt =
      this.#forgetAt =
        Infinity;
  }

  /** When the wanted handshake may begin; Infinity if none is wanted. */
  get #handshakeAt(): number {
    return Math.max(this.#wantedAt, this.#initiatedAt + this.limits.rekeyTimeout);
  }

  #want(now: number): void {
    this.#wantedAt = Math.min(this.#wantedAt, now);
  }

  #born(now: number): void {
    this.#births.push(now);
    this.#forgetAt = now + 3 * this.limits.rejectAfterTime;
  }

  #begin(current: Current): void {
    this.#current = current;
    this.#wantedAt = Infinity;
    this.#attemptAt = undefined;
    this.#repeatAt = Infinity;
    this.#silenceAt = Infinity;
  }

  /** Whether what was sent or received shows that the current session must be renewed (section 6.2). */
  #isWorn(now: number, sent: boolean, received: boolean, counter: number): boolean {
    const current = this.#current;
    if (current === undefined) return false;
    const { rekeyAfterMessages, rekeyAfterTime, rejectAfterTime, keepaliveTimeout, rekeyTimeout } =
      this.limits;
    const age = now - current.bornAt;
    if (sent && counter >= rekeyAfterMessages) return true;
    if (sent && current.initiator && age >= rekeyAfterTime) return true;
    if (!received || !current.initiator || current.renewedLate) return false;
    current.renewedLate = age >= rejectAfterTime - keepaliveTimeout - rekeyTimeout;
    return current.renewedLate;
  }

  #expire(now: number, actions: TimerAction[]): void {
    const bornUntil = now - this.limits.rejectAfterTime;
    if (this.#births.some((bornAt) => bornAt <= bornUntil)) {
      this.#births = this.#births.filter((bornAt) => bornAt > bornUntil);
      if (this.#current !== undefined && this.#current.bornAt <= bornUntil) this.#current = undefined;
      if (this.#unconfirmed !== undefined && this.#unconfirmed <= bornUntil) this.#unconfirmed = undefined;
      actions.push({ kind: "expire", bornUntil });
    }
    if (now >= this.#forgetAt) {
      this.#forgetAt = Infinity;
      actions.push({ kind: "forget" });
    }
  }

  #handshake(now: number, actions: TimerAction[]): void {
    if (now >= this.#silenceAt) {
      this.#silenceAt = Infinity;
      this.#want(now);
    }
    if (this.#attemptAt !== undefined && now >= this.#repeatAt) {
      this.#repeatAt = Infinity;
      if (now - this.#attemptAt < this.limits.rekeyAttemptTime) this.#want(now);
      else {
        this.#attemptAt = undefined;
        this.#wantedAt = Infinity;
        // There may never have been a session, whose birth sets this.
        this.#forgetAt = Math.min(this.#forgetAt, now + 3 * this.limits.rejectAfterTime);
        actions.push({ kind: "give up" });
      }
    }
    if (now >= this.#handshakeAt) actions.push({ kind: "initiate" });
  }

  #keepAlive(now: number, actions: TimerAction[]): void {
    if (now < this.#keepaliveAt && now < this.#persistentAt) return;
    const persistent = now >= this.#persistentAt;
    this.#keepaliveAt = Infinity;
    if (persistent) this.#persistentAt = now + this.limits.persistentKeepalive;
    if (this.#current !== undefined) actions.push({ kind: "keepalive" });
    else if (persistent && this.#attemptAt === undefined) this.#want(now);
  }
}
