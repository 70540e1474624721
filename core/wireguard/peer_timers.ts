/**
 * The timers of one peer's sessions (whitepaper section 6), as arithmetic on times. They are named as in
 * wireguard-go.
 *
 * Reports of the packet path go in by {@linkcode PeerTimers.observe}. {@linkcode PeerTimers.tick}, called at
 * {@linkcode PeerTimers.nextDeadline}, returns what is due. All times are milliseconds on one
 * monotonic clock.
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
  /** The peer did not answer: drop packets that wait for a session. Waiting data begins again. */
  | { readonly kind: "flush-staged-packets" }
  /** Every session created at this time or earlier is over: clear its keys. */
  | { readonly kind: "expire"; readonly createdBefore: number }
  /** Nothing was renewed for long: clear all that is left of the peer's sessions and handshakes. */
  | { readonly kind: "zero-key-material" };

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
  readonly createdAt: number;
  /** A message received shortly before the end has renewed the session; that happens once. */
  isRenewedLate: boolean;
}

/** The timers of one peer. */
export class PeerTimers {
  #current: Current | undefined;
  /** Creation time of the session that waits for its confirmation. */
  #unconfirmed: number | undefined;
  /** Creation times of sessions that have not expired. */
  #createdTimes: number[] = [];
  #last = { dataSentAt: -Infinity, dataReceivedAt: -Infinity, sentAt: -Infinity, receivedAt: -Infinity };
  /** The time since which a handshake is needed. */
  #handshakeNeededAt = Infinity;
  #lastInitiationAt = -Infinity;
  /** The time of the first of the present row of initiations. */
  #attemptStartedAt: number | undefined;
  #retransmitHandshakeAt = Infinity;
  #keepaliveAt = Infinity;
  #persistentKeepaliveAt = Infinity;
  /** The time at which silence after sent data begins a new handshake. */
  #newHandshakeAt = Infinity;
  #zeroKeyMaterialAt = Infinity;

  /** Times by these limits. */
  constructor(readonly limits: SessionLimits) {}

  /** The next time for {@linkcode tick}; Infinity: not before something else happens. */
  get nextDeadline(): number {
    const expiry = (this.#createdTimes[0] ?? Infinity) + this.limits.rejectAfterTime;
    return Math.min(
      expiry,
      this.#handshakeDueAt,
      this.#retransmitHandshakeAt,
      this.#keepaliveAt,
      this.#persistentKeepaliveAt,
      this.#newHandshakeAt,
      this.#zeroKeyMaterialAt,
    );
  }

  /** Whether initiations are being sent and none has been answered yet. */
  get isConnecting(): boolean {
    return this.#attemptStartedAt !== undefined;
  }

  /** Whether there is a session to send on, as of the last tick. */
  get hasCurrent(): boolean {
    return this.#current !== undefined;
  }

  /** Whether data may be sent by the current session. */
  canSend(now: number, counter: number): boolean {
    return this.#current !== undefined && now - this.#current.createdAt < this.limits.rejectAfterTime &&
      counter < this.limits.rejectAfterMessages;
  }

  /** There is data for the peer, or another reason to have a session, and none that it can be sent by. */
  handshakeNeeded(now: number): void {
    if (this.#attemptStartedAt === undefined) this.#requestHandshake(now);
    else this.#attemptStartedAt = now;
  }

  /**
   * An initiation was sent.
   *
   * @param jitter milliseconds from 0 to REKEY_TIMEOUT_JITTER_MAX_MS, at random, by which its repetition is
   *   put off
   */
  initiationSent(now: number, jitter: number): void {
    this.#handshakeNeededAt = Infinity;
    this.#lastInitiationAt = now;
    this.#attemptStartedAt ??= now;
    this.#retransmitHandshakeAt = now + this.limits.rekeyTimeout + jitter;
    this.#newHandshakeAt = Infinity;
    this.#keepaliveAt = Infinity;
  }

  /** A handshake that we began is complete. */
  handshakeInitiatorComplete(now: number): void {
    this.#created(now);
    this.#setCurrent({ initiator: true, createdAt: now, isRenewedLate: false });
  }

  /** We answered an initiation. */
  handshakeResponderDerived(now: number): void {
    this.#created(now);
    this.#unconfirmed = now;
    this.#keepaliveAt = Infinity;
    this.#newHandshakeAt = Infinity;
  }

  /** The first packet came in by the session that we answered with. */
  keyConfirmed(): void {
    const createdAt = this.#unconfirmed;
    if (createdAt === undefined) return;
    this.#unconfirmed = undefined;
    this.#setCurrent({ initiator: false, createdAt, isRenewedLate: false });
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
    if (receivedAt >= dataSentAt) this.#newHandshakeAt = Infinity;
    else if (sent) {
      this.#newHandshakeAt = Math.min(this.#newHandshakeAt, dataSentAt + keepaliveTimeout + rekeyTimeout);
    }
    const latest = Math.max(sentAt, receivedAt);
    if (persistentKeepalive > 0 && latest > -Infinity) {
      this.#persistentKeepaliveAt = latest + persistentKeepalive;
    }
    if (this.#attemptStartedAt === undefined && this.#needsRekey(now, anySent, anyReceived, counter)) {
      this.#requestHandshake(now);
    }
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
    this.#createdTimes = this.#createdTimes.map((createdAt) => createdAt - milliseconds);
    if (this.#current !== undefined) {
      this.#current = { ...this.#current, createdAt: this.#current.createdAt - milliseconds };
    }
    if (this.#unconfirmed !== undefined) this.#unconfirmed -= milliseconds;
    this.#lastInitiationAt -= milliseconds;
    this.#persistentKeepaliveAt -= milliseconds;
    this.#zeroKeyMaterialAt -= milliseconds;
  }

  /** The time at which the needed handshake may begin; Infinity if none is needed. */
  get #handshakeDueAt(): number {
    return Math.max(this.#handshakeNeededAt, this.#lastInitiationAt + this.limits.rekeyTimeout);
  }

  #requestHandshake(now: number): void {
    this.#handshakeNeededAt = Math.min(this.#handshakeNeededAt, now);
  }

  #created(now: number): void {
    this.#createdTimes.push(now);
    this.#zeroKeyMaterialAt = now + 3 * this.limits.rejectAfterTime;
  }

  #setCurrent(current: Current): void {
    this.#current = current;
    this.#handshakeNeededAt = Infinity;
    this.#attemptStartedAt = undefined;
    this.#retransmitHandshakeAt = Infinity;
    this.#newHandshakeAt = Infinity;
  }

  /** Whether what was sent or received shows that the current session must be renewed (section 6.2). */
  #needsRekey(now: number, sent: boolean, received: boolean, counter: number): boolean {
    const current = this.#current;
    if (current === undefined) return false;
    const { rekeyAfterMessages, rekeyAfterTime, rejectAfterTime, keepaliveTimeout, rekeyTimeout } =
      this.limits;
    const age = now - current.createdAt;
    if (sent && counter >= rekeyAfterMessages) return true;
    if (sent && current.initiator && age >= rekeyAfterTime) return true;
    if (!received || !current.initiator || current.isRenewedLate) return false;
    current.isRenewedLate = age >= rejectAfterTime - keepaliveTimeout - rekeyTimeout;
    return current.isRenewedLate;
  }

  #expire(now: number, actions: TimerAction[]): void {
    const createdBefore = now - this.limits.rejectAfterTime;
    if (this.#createdTimes.some((createdAt) => createdAt <= createdBefore)) {
      this.#createdTimes = this.#createdTimes.filter((createdAt) => createdAt > createdBefore);
      if (this.#current !== undefined && this.#current.createdAt <= createdBefore) this.#current = undefined;
      if (this.#unconfirmed !== undefined && this.#unconfirmed <= createdBefore) {
        this.#unconfirmed = undefined;
      }
      actions.push({ kind: "expire", createdBefore });
    }
    if (now >= this.#zeroKeyMaterialAt) {
      this.#zeroKeyMaterialAt = Infinity;
      actions.push({ kind: "zero-key-material" });
    }
  }

  #handshake(now: number, actions: TimerAction[]): void {
    if (now >= this.#newHandshakeAt) {
      this.#newHandshakeAt = Infinity;
      this.#requestHandshake(now);
    }
    if (this.#attemptStartedAt !== undefined && now >= this.#retransmitHandshakeAt) {
      this.#retransmitHandshakeAt = Infinity;
      if (now - this.#attemptStartedAt < this.limits.rekeyAttemptTime) this.#requestHandshake(now);
      else {
        this.#attemptStartedAt = undefined;
        this.#handshakeNeededAt = Infinity;
        // There may never have been a session, whose creation sets this.
        this.#zeroKeyMaterialAt = Math.min(this.#zeroKeyMaterialAt, now + 3 * this.limits.rejectAfterTime);
        actions.push({ kind: "flush-staged-packets" });
      }
    }
    if (now >= this.#handshakeDueAt) actions.push({ kind: "initiate" });
  }

  #keepAlive(now: number, actions: TimerAction[]): void {
    if (now < this.#keepaliveAt && now < this.#persistentKeepaliveAt) return;
    const persistent = now >= this.#persistentKeepaliveAt;
    this.#keepaliveAt = Infinity;
    if (persistent) this.#persistentKeepaliveAt = now + this.limits.persistentKeepalive;
    if (this.#current !== undefined) actions.push({ kind: "keepalive" });
    else if (persistent && this.#attemptStartedAt === undefined) this.#requestHandshake(now);
  }
}
