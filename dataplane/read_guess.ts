/** How much a packet that was there adds, and how much one that was not takes away. */
const HIT = 1;
const MISS = 4;
/** From how much on the interface is read without asking, and the most that is remembered. */
const LIKELY = 4;
const MOST = 8;

/**
 * Guesses whether the interface has packets, so that it is read without asking poll(2) first: after something came by the stream,
 * which the kernel often answers at once, and beside a full stream. It learns from what was there the last times: a read in vain
 * costs as much as the poll that it spares.
 */
export class ReadGuess {
  #trust = 0;

  /** Whether packets are likely to be there. */
  get isLikely(): boolean {
    return this.#trust >= LIKELY;
  }

  /** Notes whether packets were there, or soon after. */
  note(isFound: boolean): void {
    this.#trust = isFound ? Math.min(MOST, this.#trust + HIT) : Math.max(0, this.#trust - MISS);
  }
}
