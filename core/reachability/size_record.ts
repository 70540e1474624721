/** Misses in a row, a second apart, after which it is searched what passes; that search asks the whole size once more. */
const MIN_MISSES = 2;

/** What came of a question of the interface's MTU, where a small one was answered just before. */
export type SizeReply =
  | "answered"
  | "missed"
  /** The search found that the whole size is lost, and this many bytes pass. */
  | { readonly passes: number }
  /** The search got no answer of any size: echo requests tell nothing here. */
  | "mute";

/** Decides from questions of two sizes whether large packets are lost where small ones pass. */
export class SizeRecord {
  #misses = 0;
  #passes: number | undefined;
  #isMute = false;

  /** Bytes of the largest packet that passes, while the whole size is lost; undefined: nothing is known to be lost. */
  get passes(): number | undefined {
    return this.#passes;
  }

  /** Whether it is to be asked again at once. */
  get isSuspect(): boolean {
    return this.#misses > 0 && this.#passes === undefined;
  }

  /** Whether the next question is the search for what passes. */
  get isToSearch(): boolean {
    return this.isSuspect && this.#misses >= MIN_MISSES;
  }

  /** Takes note of what came of a question. */
  settle(reply: SizeReply): void {
    if (reply === "answered") return this.forget();
    if (reply === "mute") {
      this.forget();
      // A client that drops echo requests would be searched for ever.
      this.#isMute = true;
    } else if (reply === "missed") {
      if (!this.#isMute) this.#misses++;
    } else {
      this.#passes = reply.passes;
    }
  }

  /** Knows nothing any more. */
  forget(): void {
    this.#misses = 0;
    this.#passes = undefined;
    this.#isMute = false;
  }
}
