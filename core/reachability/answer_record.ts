import { formatAddress } from "../net/address.ts";
import type { Candidate } from "./probed_network.ts";

/** Misses in a row after which what has answered before counts as silent. They are a second apart. */
export const MIN_MISSES = 2;
/**
 * The same for what has never answered: it may still be starting, or drop whatever is asked. Seven seconds are more than the
 * client needs for its rules at its start, and leave the fault within 15 s.
 */
export const MIN_NEW_MISSES = 6;
/** Candidates that are asked at once where one did not answer. */
const MAX_ASKED = 3;

/** Whether a network answers: "unknown" as long as nothing in it can tell. */
export type Answering = "yes" | "no" | "unknown";

/** What came of asking a candidate. */
export interface Reply {
  /** Who was asked. */
  readonly candidate: Candidate;
  /** Whether an answer came in time. */
  readonly isAnswered: boolean;
}

/**
 * Remembers who of a group has answered, and decides from that whether the group answers.
 *
 * A candidate that has never answered and of which no port is known may drop echo requests, so its silence tells nothing.
 */
export class AnswerRecord {
  /** Whether the group answers, as far as is known. */
  answering: Answering = "unknown";
  #candidates: readonly Candidate[] = [];
  /** Those that have answered, the last one last. */
  readonly #heard = new Set<string>();
  /** Misses in a row, of candidates that can tell. */
  #misses = 0;
  /** Who was asked in vain since the last answer. */
  readonly #missed = new Set<string>();
  /** Where the next one to be tried stands, while none has answered. */
  #next = 0;

  /** Whether anything has ever answered. */
  get hasAnswered(): boolean {
    return this.#heard.size > 0;
  }

  /** Whether someone did not answer who should have, and it is not yet decided. */
  get isSuspect(): boolean {
    return this.#misses > 0 && this.answering !== "no";
  }

  /** Who there is from now on. */
  set candidates(candidates: readonly Candidate[]) {
    this.#candidates = candidates;
    if (candidates.length === 0) this.forget();
    const known = new Set(candidates.map(keyOf));
    for (const key of this.#heard) if (!known.has(key)) this.#heard.delete(key);
    if (this.#heard.size === 0 && this.answering === "yes") this.answering = "unknown";
    const gone = [...this.#missed].filter((key) => !known.has(key)).map((key) => this.#missed.delete(key));
    // The silence of one that is gone was its end. What is decided stays only while one that has answered is silent.
    if (gone.length === 0) return;
    if (this.answering !== "no") this.#misses = 0;
    else if (![...this.#missed].some((key) => this.#heard.has(key))) this.forget();
  }

  /** Knows nothing any more but who has answered once. */
  forget(): void {
    this.answering = "unknown";
    this.#misses = 0;
    this.#missed.clear();
  }

  /** Who is to be asked now: the one that answered last, or several where it did not. */
  asked(): readonly Candidate[] {
    const last = [...this.#heard].reverse();
    const heard = last.flatMap((key) => this.#candidates.find((each) => keyOf(each) === key) ?? []);
    const others = this.#candidates.filter((each) => !this.#heard.has(keyOf(each)));
    const at = others.length === 0 ? 0 : this.#next % others.length;
    const turned = [...others.slice(at), ...others.slice(0, at)];
    // One with a port can tell from the start.
    const ordered = [...heard, ...turned.filter(canTell), ...turned.filter((each) => !canTell(each))];
    return ordered.slice(0, this.#misses > 0 || heard.length === 0 ? MAX_ASKED : 1);
  }

  /** Takes note of what came of asking; of candidates that are gone meanwhile nothing. */
  settle(replies: readonly Reply[]): void {
    const known = new Set(this.#candidates.map(keyOf));
    const valid = replies.filter(({ candidate }) => known.has(keyOf(candidate)));
    const answered = valid.filter(({ isAnswered }) => isAnswered);
    if (answered.length > 0) {
      for (const { candidate } of answered.reverse()) {
        this.#heard.delete(keyOf(candidate));
        this.#heard.add(keyOf(candidate));
      }
      this.answering = "yes";
      this.#misses = 0;
      this.#missed.clear();
      return;
    }
    this.#next += MAX_ASKED;
    const telling = valid.filter(({ candidate }) => this.#heard.has(keyOf(candidate)) || canTell(candidate));
    if (telling.length === 0) return;
    this.#misses++;
    for (const { candidate } of telling) this.#missed.add(keyOf(candidate));
    const isKnown = telling.some(({ candidate }) => this.#heard.has(keyOf(candidate)));
    if (this.#misses >= (isKnown ? MIN_MISSES : MIN_NEW_MISSES)) this.answering = "no";
  }
}

/** Whether its silence tells anything although it has never answered. */
function canTell({ port }: Candidate): boolean {
  return port !== undefined;
}

/** A container that is started again has the same id, and maybe another address. */
function keyOf({ container, address }: Candidate): string {
  return `${container} ${formatAddress(address)}`;
}
