/**
 * The numbers of the data plane's sessions.
 *
 * @module
 */

/**
 * Hands numbers out, the one that was given back longest ago first, so that late news of a former session
 * meets nobody.
 */
export class SlotPool {
  readonly #free: number[];

  /** @param slots how many numbers there are, from 0 */
  constructor(slots: number) {
    this.#free = Array.from({ length: slots }, (_, slot) => slot);
  }

  /** Whether one is left. */
  get hasFree(): boolean {
    return this.#free.length > 0;
  }

  /** A number; undefined if none is left. */
  take(): number | undefined {
    return this.#free.shift();
  }

  /** Gives a number back. */
  giveBack(slot: number): void {
    this.#free.push(slot);
  }
}
