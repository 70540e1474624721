import type { Diagnostics, Positioned } from "./diagnostic.ts";
import type { Line, Word } from "./text.ts";
import { ok, quote, type Result } from "../result.ts";

/** A part of the running server that takes a change over. */
export type Part =
  | "log"
  | "client"
  | "routes"
  | "sharing"
  | "paths"
  | "names"
  | "hosts"
  | "proxies"
  | "https"
  | "web";

/** What applies a change: parts of the running server, or a restart. */
export type Effect = readonly [Part, ...Part[]] | "restart";

/** The effect as the documentation words it. */
export type Reload = "reloads live" | "needs a restart";

/** What people need to know of one key. */
export interface KeySpec {
  /** The first word of the line. */
  readonly name: string;
  /** The line's form: capitals stand for values, brackets for what may be left out. */
  readonly syntax: string;
  /** The active value without such a line, as in the file where there is one. */
  readonly default: string;
  /** A line as people write it. */
  readonly example: string;
  /** What the key is for. */
  readonly meaning: string;
  /** Whether the line holds a secret, which no message may repeat. */
  readonly secret: boolean;
  /** Whether the file may have more than one such line. */
  readonly repeats: boolean;
  /** What applies a change. */
  readonly effect: Effect;
  /** The same in words. */
  readonly reload: Reload;
}

/**
 * The record of one key: how its line is read, what a change of it does, and how it is documented. The parser, the defaults,
 * the changes, the notices and the completions all derive from these records. `P` is what the line is read into: a value and
 * positions.
 */
export interface ConfigKey<P extends Positioned<unknown> = Positioned<unknown>, R extends boolean = boolean>
  extends KeySpec {
  /** Whether the file may have more than one such line. */
  readonly repeats: R;
  /** Reads the words of a line; undefined if one of them is faulty. */
  read(line: LineReader): P | undefined;
  /** Writes a value as the words after the key. Two values are equal if their texts are. */
  format(value: P["value"]): string;
  /** Joins the values of several lines where that is more than leaving out repetitions. */
  merge?(values: readonly P["value"][]): P["value"][];
  /** The values that have no effect while `expose` is off, and how their line is named. */
  readonly needsExpose?: { readonly line: string; applies(value: P["value"]): boolean } | undefined;
}

/** What a record is made from. Unless it says otherwise, the example shows the default and the line has no secret. */
export type KeyDefinition<P extends Positioned<unknown>> =
  & Omit<KeySpec, "example" | "secret" | "repeats" | "reload">
  & Partial<Pick<KeySpec, "example" | "secret">>
  & Pick<ConfigKey<P>, "read" | "format" | "merge" | "needsExpose">;

/** Makes the record of a key that a file has at most once. */
export function singleKey<P extends Positioned<unknown>>(definition: KeyDefinition<P>): ConfigKey<P, false> {
  return { ...derived(definition), ...definition, repeats: false };
}

/** Makes the record of a key that a file may have any number of times. */
export function listKey<P extends Positioned<unknown>>(definition: KeyDefinition<P>): ConfigKey<P, true> {
  return { ...derived(definition), ...definition, repeats: true };
}

function derived({ name, default: value, effect }: Pick<KeySpec, "name" | "default" | "effect">) {
  const reload: Reload = effect === "restart" ? "needs a restart" : "reloads live";
  return { example: `${name} ${value}`, secret: false, reload };
}

/** Reads "off" as undefined, and any other word as given. */
export function orOff<T>(read: (text: string) => Result<T>): (text: string) => Result<T | undefined> {
  return (text) => text === "off" ? ok(undefined) : read(text);
}

/** Writes undefined as "off", and any other value as given. */
export function formatOr<T>(none: string, format: (value: T) => string): (value: T | undefined) => string {
  return (value) => value === undefined ? none : format(value);
}

/** Reads the words of one line after its key, and reports what is missing, wrong or unexpected. */
export class LineReader {
  #count = 0;
  #stopped = false;

  /** Starts before the first word after the key. */
  constructor(
    private readonly line: Line,
    private readonly key: KeySpec,
    private readonly faults: Diagnostics,
  ) {}

  /** Reads the next word, which is the last; what is missing, wrong or unexpected is a fault. */
  only<T>(name: string, read: (text: string) => Result<T>): Positioned<T> | undefined {
    const value = this.value(name, read);
    this.flags();
    return value;
  }

  /** Reads the next word; if it is missing or wrong, that is a fault and the result is undefined. */
  value<T>(name: string, read: (text: string) => Result<T>): Positioned<T> | undefined {
    const word = this.#next();
    if (word !== undefined) return this.#read(word, read);
    if (!this.#stopped) this.faults.add(this.line.end, `missing ${name}: expected ${this.#expected}`);
    this.#stopped = true;
    return undefined;
  }

  /** Reads all words that are left, at least one; undefined if one is missing or wrong. */
  values<T>(name: string, read: (text: string) => Result<T>): Positioned<T>[] | undefined {
    const all = [this.value(name, read), ...this.#rest().map((word) => this.#read(word, read))];
    return all.every((one) => one !== undefined) ? all : undefined;
  }

  /** Returns which of the given words follow, in any order; the first other word is a fault. */
  flags<T extends string>(...known: T[]): Set<T> {
    const flags = new Set<T>();
    for (const word of this.#rest()) {
      const flag = known.find((name) => name === word.text);
      if (flag === undefined) {
        const name = this.key.secret ? "word" : quote(word.text);
        this.faults.add(word, `unexpected ${name}: expected ${this.#expected}`);
        break;
      }
      flags.add(flag);
    }
    return flags;
  }

  *#rest(): Generator<Word> {
    for (let word = this.#next(); word !== undefined; word = this.#next()) yield word;
  }

  // People end a line with a comment; that is one fault and the rest is skipped. A secret may start with "#".
  #next(): Word | undefined {
    const word = this.#stopped ? undefined : this.line.values[this.#count++];
    if (word === undefined || this.key.secret || !word.text.startsWith("#")) return word;
    this.faults.add(word, "inline comments are not supported: move it to its own line");
    this.#stopped = true;
    return undefined;
  }

  #read<T>({ text, line, column }: Word, read: (text: string) => Result<T>): Positioned<T> | undefined {
    const result = read(text);
    if (result.problem === undefined) return { value: result.value, line, column };
    this.faults.add({ line, column }, result.problem);
    return undefined;
  }

  get #expected(): string {
    return `"${this.key.syntax}", for example "${this.key.example}"`;
  }
}
