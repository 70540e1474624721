/**
 * The up to three sessions of one peer (whitepaper section 6.3): the one that is sent on, its predecessor, by which
 * late packets still come in, and, at the responder, a new one that the initiator has not confirmed yet.
 *
 * @module
 */

/** The sessions of a peer. `S` is whatever the caller knows a session by; each method returns those that are over, to be cleared. */
export class Keypairs<S> {
  #current: S | undefined;
  #previous: S | undefined;
  #next: S | undefined;

  /** The session that is sent on. */
  get current(): S | undefined {
    return this.#current;
  }

  /** The session before it. */
  get previous(): S | undefined {
    return this.#previous;
  }

  /** The session that the initiator must confirm. */
  get next(): S | undefined {
    return this.#next;
  }

  /** All sessions that packets may come in by. */
  get all(): S[] {
    return [this.#current, this.#previous, this.#next].filter((session) => session !== undefined);
  }

  /** A handshake that we began is complete: its session is sent on at once. */
  handshakeInitiatorComplete(session: S): S[] {
    // An unconfirmed session is newer than the current one: if both sides began at once, the peer may send on it.
    const [previous, over] = this.#next === undefined
      ? [this.#current, [this.#previous]]
      : [this.#next, [this.#previous, this.#current]];
    this.#previous = previous;
    this.#next = undefined;
    this.#current = session;
    return defined(over);
  }

  /** We answered an initiation: the session waits for its first packet. */
  handshakeResponderDerived(session: S): S[] {
    const over = defined([this.#next, this.#previous]);
    this.#next = session;
    this.#previous = undefined;
    return over;
  }

  /**
   * A genuine packet came in by a session.
   *
   * @returns undefined unless that confirmed the next session, which then is the current one
   */
  receivedWithKeypair(session: S): S[] | undefined {
    if (session !== this.#next) return undefined;
    const over = defined([this.#previous]);
    this.#previous = this.#current;
    this.#current = session;
    this.#next = undefined;
    return over;
  }

  /** Takes out the sessions that `isOver`. */
  expire(isOver: (session: S) => boolean): S[] {
    const over = this.all.filter(isOver);
    if (this.#current !== undefined && over.includes(this.#current)) this.#current = undefined;
    if (this.#previous !== undefined && over.includes(this.#previous)) this.#previous = undefined;
    if (this.#next !== undefined && over.includes(this.#next)) this.#next = undefined;
    return over;
  }

  /** Takes out all sessions. */
  clear(): S[] {
    return this.expire(() => true);
  }
}

function defined<S>(sessions: readonly (S | undefined)[]): S[] {
  return sessions.filter((session) => session !== undefined);
}
