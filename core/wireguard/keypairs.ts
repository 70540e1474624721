/**
 * The up to three key pairs of one peer (whitepaper section 6.3): the current one sends. The previous one
 * still receives late packets. The next one, at the responder, waits until the initiator has used it.
 *
 * @module
 */

/**
 * The key pairs of a peer, each known by a value of the caller's. Methods return the pairs that are over, to
 * be cleared.
 */
export class Keypairs<S> {
  #current: S | undefined;
  #previous: S | undefined;
  #next: S | undefined;

  /** The pair that sends. */
  get current(): S | undefined {
    return this.#current;
  }

  /** The pair before it. */
  get previous(): S | undefined {
    return this.#previous;
  }

  /** The pair that the initiator must confirm. */
  get next(): S | undefined {
    return this.#next;
  }

  /** All pairs that may receive. */
  get all(): S[] {
    return [this.#current, this.#previous, this.#next].filter((session) => session !== undefined);
  }

  /** Adds the pair of a handshake that we began: it sends at once. */
  handshakeInitiatorComplete(session: S): S[] {
    // An unconfirmed pair is newer than the current one: if both sides began at once, the peer may send by
    // it.
    const [previous, over] = this.#next === undefined
      ? [this.#current, [this.#previous]]
      : [this.#next, [this.#previous, this.#current]];
    this.#previous = previous;
    this.#next = undefined;
    this.#current = session;
    return defined(over);
  }

  /** Adds the pair of a handshake that we answered: it waits for its first packet. */
  handshakeResponderDerived(session: S): S[] {
    const over = defined([this.#next, this.#previous]);
    this.#next = session;
    this.#previous = undefined;
    return over;
  }

  /**
   * Notes an authentic packet by a pair.
   *
   * @returns undefined unless that confirmed the next pair, which then is the current one
   */
  receivedWithKeypair(session: S): S[] | undefined {
    if (session !== this.#next) return undefined;
    const over = defined([this.#previous]);
    this.#previous = this.#current;
    this.#current = session;
    this.#next = undefined;
    return over;
  }

  /** Removes the pairs for which `isOver` holds. */
  expire(isOver: (session: S) => boolean): S[] {
    const over = this.all.filter(isOver);
    if (this.#current !== undefined && over.includes(this.#current)) this.#current = undefined;
    if (this.#previous !== undefined && over.includes(this.#previous)) this.#previous = undefined;
    if (this.#next !== undefined && over.includes(this.#next)) this.#next = undefined;
    return over;
  }

  /** Removes all pairs. */
  clear(): S[] {
    return this.expire(() => true);
  }
}

function defined<S>(sessions: readonly (S | undefined)[]): S[] {
  return sessions.filter((session) => session !== undefined);
}
