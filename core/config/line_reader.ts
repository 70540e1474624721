/**
 * Takes the words of one line, one after the other, and reports what is missing, wrong or too much.
 *
 * @module
 */
import type { FaultList, Place } from "./diagnostic.ts";
import type { KeySpec } from "./keys.ts";
import type { Line, Word } from "./lexer.ts";
import { quote, type Reading } from "./result.ts";

/** A value and the word it was read from. */
export interface Located<T> extends Place {
  /** The value. */
  readonly value: T;
}

/** The words of one line after its key. */
export class LineReader {
  /** The line. */
  readonly line: Line;
  readonly #spec: KeySpec;
  readonly #faults: FaultList;
  #taken = 0;
  #stopped = false;

  /**
   * A reader that stands before the first word after the key.
   *
   * @param line the line, whose first word is the key's name
   * @param spec what is known of the key
   * @param faults where faults go
   */
  constructor(line: Line, spec: KeySpec, faults: FaultList) {
    this.line = line;
    this.#spec = spec;
    this.#faults = faults;
  }

  /** Notes a fault of a word. */
  fault(place: Place, message: string): void {
    this.#faults.add(place, message);
  }

  /** Reads the next word; what is missing or wrong is noted as a fault and undefined. */
  value<T>(name: string, read: (text: string) => Reading<T>): Located<T> | undefined {
    const word = this.#next();
    if (word !== undefined) return this.#read(word, read);
    if (!this.#stopped) this.fault(this.line.end, `${name} is missing; expected ${this.#expected}`);
    this.#stopped = true;
    return undefined;
  }

  // People end a line with a comment; that is said once and the rest is left alone. A secret may start with "#".
  #next(): Word | undefined {
    const word = this.#stopped ? undefined : this.line.values[this.#taken++];
    if (word === undefined || this.#spec.secret || !word.text.startsWith("#")) return word;
    this.fault(word, "a comment stands on a line of its own; put it above");
    this.#stopped = true;
    return undefined;
  }

  /** Reads all words that are left, at least one; undefined if one is missing or wrong. */
  values<T>(name: string, read: (text: string) => Reading<T>): Located<T>[] | undefined {
    const all = [this.value(name, read)];
    for (let word = this.#next(); word !== undefined; word = this.#next()) all.push(this.#read(word, read));
    const good = all.filter((one) => one !== undefined);
    return good.length === all.length ? good : undefined;
  }

  #read<T>(word: Word, read: (text: string) => Reading<T>): Located<T> | undefined {
    const reading = read(word.text);
    if (reading.problem === undefined) return { value: reading.value, line: word.line, column: word.column };
    this.fault(word, reading.problem);
    return undefined;
  }

  /** Which of the given words follow, in any order; the first other word is a fault. */
  flags<T extends string>(...known: T[]): Set<T> {
    const flags = new Set<T>();
    for (let word = this.#next(); word !== undefined; word = this.#next()) {
      const flag = known.find((name) => name === word?.text);
      if (flag === undefined) {
        this.#unexpected(word);
        break;
      }
      flags.add(flag);
    }
    return flags;
  }

  /** Notes a fault if a word is left. */
  end(): void {
    const word = this.#next();
    if (word !== undefined) this.#unexpected(word);
  }

  #unexpected(word: Word): void {
    const name = this.#spec.secret ? "the word here" : quote(word.text);
    this.fault(word, `${name} is too much; expected ${this.#expected}`);
  }

  get #expected(): string {
    return `"${this.#spec.syntax}" as in "${this.#spec.example}"`;
  }
}
