import { quote } from "../core/result.ts";
import { suggest } from "../core/suggest.ts";
import type { OperationError } from "../core/error.ts";
import type { Command, LegacyFlag, Program } from "./command.ts";
import { type FlagName, usageError } from "./flag.ts";

/**
 * Parses the words after a command into flags, their values and the rest. A word that belongs to no flag is
 * never repeated in a message: it could be part of a secret.
 */
export class FlagParser {
  /** The texts given for each flag and, for undefined, the words. A switch has an empty text each time. */
  readonly given = new Map<FlagName | undefined, string[]>();
  /** Warnings about legacy flags. */
  readonly warnings: string[] = [];
  /** True if help is asked for. */
  help = false;

  /** @param path the words that call the command */
  constructor(
    private readonly program: Program,
    private readonly command: Command,
    private readonly path: string,
  ) {}

  /**
   * Parses the words after the command.
   *
   * @throws {OperationError} `usage`
   */
  parse(args: readonly string[]): void {
    const rest = [...args];
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (word === "--") rest.splice(0).forEach((last) => this.#addWord(last));
      else if (word.length > 1 && word.startsWith("-")) this.#parseFlag(word, rest);
      else this.#addWord(word);
    }
  }

  #add(name: FlagName | undefined, text: string): void {
    this.given.set(name, [...this.given.get(name) ?? [], text]);
  }

  #addWord(word: string): void {
    if (this.#find(undefined) !== undefined) return this.#add(undefined, word);
    const { program, commands } = this.program;
    throw commands.some(({ name }) => name === word)
      ? usageError(
        `Cannot run ${word}: the command must come first`,
        `Write "${program} ${word}", then the flags`,
      )
      : usageError(
        `Cannot run ${this.path}: a word of the command line belongs to no flag`,
        `Quote values with blanks; ${this.#help("run")}`,
      );
  }

  #parseFlag(word: string, rest: string[]): void {
    const [, spelled = "", bare = "", value] = /^(--?([^=]*))(?:=(.*))?$/s.exec(word) ?? [];
    const part = this.#findFlag(spelled);
    const legacy = this.#legacyFlag(bare);
    if (bare === "help" || spelled === "-h") this.help = true;
    else if (part?.syntax !== undefined) this.#add(part.name, value ?? this.#nextValue(spelled, rest));
    else if (part !== undefined) asBoolean(spelled, value) && this.#add(part.name, "");
    else if (legacy !== undefined) this.#replace(spelled, value, legacy, rest);
    else throw this.#unknownFlag(spelled, bare);
  }

  #find(flag: string | undefined) {
    return this.command.parts.find(({ name }) => name === flag);
  }

  /** Finds a flag as it is spelled, with one dash or two. */
  #findFlag(spelled: string) {
    return this.#find(spelled.replace(/^--?/, "--")) ??
      this.command.parts.find(({ short }) => short !== undefined && spelled === `-${short}`);
  }

  #legacyFlag(bare: string): LegacyFlag | undefined {
    const { legacyFlags = {} } = this.program;
    return this.path === "run" && Object.hasOwn(legacyFlags, bare) ? legacyFlags[bare] : undefined;
  }

  #replace(spelled: string, given: string | undefined, legacy: LegacyFlag, rest: string[]): void {
    const value = legacy.takesValue
      ? given ?? this.#nextValue(spelled, rest)
      : String(asBoolean(spelled, given));
    const { flags, warning } = legacy.replace(value);
    for (const flag of flags) this.#add(flag, "");
    if (warning !== "") this.warnings.push(warning);
  }

  /** Takes the value from the next word. A flag there means that the value was forgotten. */
  #nextValue(spelled: string, rest: string[]): string {
    const next = rest.shift();
    const isFlag = next?.startsWith("-") === true && this.#findFlag(next.replace(/=.*$/s, "")) !== undefined;
    if (next !== undefined && !isFlag) return next;
    throw usageError(
      `Cannot use ${spelled}: its value is missing`,
      `Write ${spelled} VALUE or ${spelled}=VALUE`,
    );
  }

  #unknownFlag(spelled: string, bare: string): OperationError {
    const known = this.command.parts.flatMap(({ name }) => name === undefined ? [] : [name.slice(2)]);
    const nearest = suggest(bare, [...known, "help"]);
    return usageError(
      `Cannot use ${quote(spelled)}: ${this.path} has no such flag`,
      nearest === undefined ? this.#help("Run") : `Did you mean --${nearest}?`,
    );
  }

  #help(run: "run" | "Run"): string {
    return `${run} "${this.program.program} ${this.path} --help" for the flags`;
  }
}

/** Reads the text after "=" of a switch, which upstream v1 allowed. */
function asBoolean(spelled: string, value: string | undefined): boolean {
  if (value === undefined || /^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw usageError(`Cannot use ${spelled}: it takes no value`, `Write ${spelled} alone`);
}
