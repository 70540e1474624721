/**
 * The timers of one peer's sessions (whitepaper section 6), as arithmetic on times. They are named as in
 * wireguard-go.
 *
 * Reports of the packet path go in by {@linkcode PeerTimers.observe}. {@linkcode PeerTimers.tick}, called at
 * {@linkcode PeerTimers.nextDeadline}, returns what is due. All times are milliseconds on one monotonic clock.
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

interface Session {
  readonly isInitiator: boolean;
  createdAt: number;
  /** A message received shortly before the end has renewed the session; that happens once. */
  isRenewedLate: boolean;
}

/** The timers of one peer. What is to happen at Infinity is not due. */
export class PeerTimers {
  /** Those that have not expired, the oldest first. */
  #sessions: Session[] = [];
  /** The one that is sent on. */
  #current: Session | undefined;
  /** The one that waits for its confirmation. */
  #unconfirmed: Session | undefined;
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
    return Math.min(
      (this.#sessions[0]?.createdAt ?? Infinity) + this.limits.rejectAfterTime,
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

  /** An initiation was sent. Its repetition is put off by `jitter`, from 0 to REKEY_TIMEOUT_JITTER_MAX_MS. */
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
    this.#setCurrent(this.#created(now, true));
  }

  /** We answered an initiation. */
  handshakeResponderDerived(now: number): void {
    this.#unconfirmed = this.#created(now, false);
    this.#keepaliveAt = Infinity;
    this.#newHandshakeAt = Infinity;
  }

  /** The first packet came in by the session that we answered with. */
  keyConfirmed(): void {
    if (this.#unconfirmed === undefined) return;
    this.#setCurrent(this.#unconfirmed);
    this.#unconfirmed = undefined;
  }

  /** Takes a report of the packet path. */
  observe(now: number, traffic: Traffic): void {
    const { dataSentAt, dataReceivedAt, sentAt, receivedAt, counter } = traffic;
    const { keepaliveTimeout, rekeyTimeout, persistentKeepalive } = this.limits;
    const last = this.#last;
    this.#last = { dataSentAt, dataReceivedAt, sentAt, receivedAt };
    // Passive keepalive (section 6.5): of two packets at the same time, the received one counts as the later.
    if (sentAt > dataReceivedAt) this.#keepaliveAt = Infinity;
    else if (dataReceivedAt > last.dataReceivedAt) {
      this.#keepaliveAt = Math.min(this.#keepaliveAt, dataReceivedAt + keepaliveTimeout);
    }
    if (receivedAt >= dataSentAt) this.#newHandshakeAt = Infinity;
    else if (dataSentAt > last.dataSentAt) {
      this.#newHandshakeAt = Math.min(this.#newHandshakeAt, dataSentAt + keepaliveTimeout + rekeyTimeout);
    }
    const latest = Math.max(sentAt, receivedAt);
    if (persistentKeepalive > 0 && latest > -Infinity) {
      this.#persistentKeepaliveAt = latest + persistentKeepalive;
    }
    // Keepalives show as well that the session is in use (section 6.2 speaks of transport messages).
    const [isSent, isReceived] = [sentAt > last.sentAt, receivedAt > last.receivedAt];
    if (!this.isConnecting && this.#needsRekey(now, isSent, isReceived, counter)) this.#requestHandshake(now);
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
    for (const session of this.#sessions) session.createdAt -= milliseconds;
    this.#lastInitiationAt -= milliseconds;
    this.#persistentKeepaliveAt -= milliseconds;
    this.#zeroKeyMaterialAt -= milliseconds;
  }

  /** The time at which the needed handshake may begin. */
  get #handshakeDueAt(): number {
    return Math.max(this.#handshakeNeededAt, this.#lastInitiationAt + this.limits.rekeyTimeout);
  }

  #requestHandshake(now: number): void {
    this.#handshakeNeededAt = Math.min(this.#handshakeNeededAt, now);
  }

  #created(now: number, isInitiator: boolean): Session {
    const session = { isInitiator, createdAt: now, isRenewedLate: false };
    this.#sessions.push(session);
    this.#zeroKeyMaterialAt = now + 3 * this.limits.rejectAfterTime;
    return session;
  }

  #setCurrent(session: Session): void {
    this.#current = session;
    this.#handshakeNeededAt = Infinity;
    this.#attemptStartedAt = undefined;
    this.#retransmitHandshakeAt = Infinity;
    this.#newHandshakeAt = Infinity;
  }

  /** Whether what was sent or received shows that the current session must be renewed (section 6.2). */
  #needsRekey(now: number, isSent: boolean, isReceived: boolean, counter: number): boolean {
    const current = this.#current;
    if (current === undefined) return false;
    const { rekeyAfterMessages, rekeyAfterTime, rejectAfterTime, keepaliveTimeout, rekeyTimeout } =
      this.limits;
    const age = now - current.createdAt;
    if (isSent && counter >= rekeyAfterMessages) return true;
    if (isSent && current.isInitiator && age >= rekeyAfterTime) return true;
    if (!isReceived || !current.isInitiator || current.isRenewedLate) return false;
    current.isRenewedLate = age >= rejectAfterTime - keepaliveTimeout - rekeyTimeout;
    return current.isRenewedLate;
  }

  #expire(now: number, actions: TimerAction[]): void {
    const createdBefore = now - this.limits.rejectAfterTime;
    const isAlive = (session?: Session) => session !== undefined && session.createdAt > createdBefore;
    if (!this.#sessions.every(isAlive)) {
      this.#sessions = this.#sessions.filter(isAlive);
      if (!isAlive(this.#current)) this.#current = undefined;
      if (!isAlive(this.#unconfirmed)) this.#unconfirmed = undefined;
      actions.push({ kind: "expire", createdBefore });
    }
    if (now < this.#zeroKeyMaterialAt) return;
    this.#zeroKeyMaterialAt = Infinity;
    actions.push({ kind: "zero-key-material" });
  }

  #keepAlive(now: number, actions: TimerAction[]): void {
    const isPersistent = now >= this.#persistentKeepaliveAt;
    if (now < this.#keepaliveAt && !isPersistent) return;
    this.#keepaliveAt = Infinity;
    if (isPersistent) this.#persistentKeepaliveAt = now + this.limits.persistentKeepalive;
    if (this.#current !== undefined) actions.push({ kind: "keepalive" });
    else if (isPersistent && !this.isConnecting) this.#requestHandshake(now);
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
}
