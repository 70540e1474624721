/**
 * The up to three key pairs of one peer (whitepaper section 6.3), each known by a value of the caller's: the
 * current one sends. The previous one still receives late packets. The next one, at the responder, waits until
 * the initiator has used it. Methods that change them return the pairs that are over, to be cleared.
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
    return [this.#current, this.#previous, this.#next].filter((pair) => pair !== undefined);
  }

  /** Adds the pair of a handshake that we began: it sends at once. */
  handshakeInitiatorComplete(pair: S): S[] {
    // An unconfirmed pair is newer than the current one: if both sides began at once, the peer may send by it.
    return this.#replace(pair, this.#next ?? this.#current, undefined);
  }

  /** Adds the pair of a handshake that we answered: it waits for its first packet. */
  handshakeResponderDerived(pair: S): S[] {
    return this.#replace(this.#current, undefined, pair);
  }

  /**
   * Notes an authentic packet by a pair.
   *
   * @returns undefined unless that confirmed the next pair, which then is the current one
   */
  receivedWithKeypair(pair: S): S[] | undefined {
    return pair === this.#next ? this.#replace(pair, this.#current, undefined) : undefined;
  }

  /** Removes the pairs for which `isOver` holds. */
  expire(isOver: (pair: S) => boolean): S[] {
    const kept = (pair: S | undefined) => pair === undefined || isOver(pair) ? undefined : pair;
    return this.#replace(kept(this.#current), kept(this.#previous), kept(this.#next));
  }

  /** Removes all pairs. */
  clear(): S[] {
    return this.#replace(undefined, undefined, undefined);
  }

  /** Puts other pairs in place, and returns those that are in none of the places any more. */
  #replace(current: S | undefined, previous: S | undefined, next: S | undefined): S[] {
    const over = this.all.filter((pair) => pair !== current && pair !== previous && pair !== next);
    this.#current = current;
    this.#previous = previous;
    this.#next = next;
    return over;
  }
}
