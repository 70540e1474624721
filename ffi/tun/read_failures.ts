/**
 * The meaning of a failed read of a TUN device. The kernel takes a packet out of the queue before it finds
 * that it cannot hand it over (tun_put_user in drivers/net/tun.c answers EINVAL for one whose offload it
 * cannot describe), so one failure says nothing about the next read, and errno is a hint only: what is not
 * known to be the end is tolerated for a while.
 *
 * @module
 */

/** Failures in a row that are for no known reason, after which the device counts as gone. */
export const ODD_FAILURES = 64;

/** Judges the failed reads of one device. No method throws or allocates. */
export class ReadFailures {
  #odd = 0;

  /**
   * Begins with no failure.
   *
   * @param nothing errno of a read when nothing is there, or nothing at present
   * @param fatal errno of a read when the device is gone
   */
  constructor(readonly nothing: readonly number[], readonly fatal: readonly number[]) {}

  /** Whether the number says that the device is fine; then the count begins again. */
  isNothing(number: number): boolean {
    if (!this.nothing.includes(number)) return false;
    this.#odd = 0;
    return true;
  }

  /** Whether no further read will do; counts the failure if that is not known of its number. */
  isFatal(number: number): boolean {
    return this.fatal.includes(number) || ++this.#odd >= ODD_FAILURES;
  }

  /** A read succeeded. */
  noteSuccess(): void {
    this.#odd = 0;
  }
}
