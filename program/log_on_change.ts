/**
 * Keeps a repeated fault from filling the log.
 *
 * @module
 */

/** Remembers what was last said of each subject, so that the same words are said once until something changes. */
export class OnceEach {
  readonly #said = new Map<string, string>();

  /**
   * Whether this is news.
   *
   * @param subject what the words are about, for example a file's path
   * @param words what would be said
   * @returns true the first time, and whenever the words differ from the last ones of the subject
   */
  isNews(subject: string, words: string): boolean {
    if (this.#said.get(subject) === words) return false;
    this.#said.set(subject, words);
    return true;
  }

  /**
   * Forgets a subject, because it is in order again.
   *
   * @param subject the subject given to {@link isNews}
   * @returns whether something had been said of it
   */
  settle(subject: string): boolean {
    return this.#said.delete(subject);
  }
}
