/**
 * Keeps a repeated fault from filling the log.
 *
 * @module
 */

/** The last message about each subject, so that the same message is logged once until something changes. */
export class LogOnChange {
  readonly #last = new Map<string, string>();

  /**
   * Notes a message.
   *
   * @param subject what the message is about, for example a file's path
   * @param message what would be logged
   * @returns true the first time, and whenever the message differs from the subject's last one
   */
  changed(subject: string, message: string): boolean {
    if (this.#last.get(subject) === message) return false;
    this.#last.set(subject, message);
    return true;
  }

  /**
   * Forgets a subject, because it is in order again.
   *
   * @param subject the subject given to {@link changed}
   * @returns whether something had been logged about it
   */
  clear(subject: string): boolean {
    return this.#last.delete(subject);
  }
}
