/**
 * The parts of a command line: flags with a value, switches and words.
 *
 * @module
 */

import { type Message, text } from "@optique/core/message";
import { map, multiple, optional } from "@optique/core/modifiers";
import type { NonEmptyString } from "@optique/core/nonempty";
import type { Parser, Suggestion } from "@optique/core/parser";
import { argument, option } from "@optique/core/primitives";
import type { ValueParser, ValueParserResult } from "@optique/core/valueparser";
import { found } from "../core/config/reading.ts";
import { invalidValue, type ValueSyntax } from "./value_syntax.ts";

/** A part of a command line that reads a value of type T. */
export type Part<T> = Parser<"sync", T, unknown>;

/** The name of a flag; the original's spelling `-name` is understood too. */
export type FlagName = `--${string}`;

/** Plain words as a message of the parser library. */
export function words(sentence: string): Message {
  return [text(sentence)];
}

/**
 * A flag with a value; undefined where it is not given.
 *
 * @param name the flag
 * @param syntax how its value is read
 * @param description what it sets, for the help
 */
export function valueFlag<T>(
  name: FlagName,
  syntax: ValueSyntax<T>,
  description: string,
): Part<T | undefined> {
  return optional(option(name, valueParser(name, syntax), {
    description: words(description),
    errors: {
      invalidValue: (error) => error,
      duplicate: words(`Cannot use ${name}: it is given more than once. Give it once`),
    },
  }));
}

/**
 * A flag without a value; false where it is not given.
 *
 * @param name the flag
 * @param description what it does, for the help
 * @param hidden whether the help leaves it out
 */
export function switchFlag(name: FlagName, description: string, hidden = false): Part<boolean> {
  return option(name, { description: words(description), hidden });
}

/**
 * The words after a command, joined by one space: quoting them is optional.
 *
 * @param metavar what stands for them in the help
 * @param description what they are, for the help
 * @param missing the fault where there is none, in one line
 */
export function joinedWords(metavar: NonEmptyString, description: string, missing: string): Part<string> {
  const anyWord: ValueSyntax<string> = { metavar, read: found };
  const word = argument(valueParser(metavar, anyWord), { description: words(description) });
  return map(multiple(word, { min: 1, errors: { tooFew: words(missing) } }), (found) => found.join(" "));
}

function valueParser<T>(name: string, syntax: ValueSyntax<T>): ValueParser<"sync", T | undefined> {
  return {
    mode: "sync",
    metavar: syntax.metavar,
    // Stands in for a value that is asked for interactively, which never happens here.
    placeholder: undefined,
    parse(input): ValueParserResult<T | undefined> {
      const { value, problem } = syntax.read(input);
      if (problem === undefined) return { success: true, value };
      return { success: false, error: words(invalidValue("usage", name, problem).report) };
    },
    format: String,
    *suggest(prefix): Iterable<Suggestion> {
      for (const choice of syntax.choices ?? []) {
        if (choice.startsWith(prefix)) yield { kind: "literal", text: choice };
      }
      if (syntax.metavar === "FILE") yield { kind: "file", type: "file", pattern: prefix };
    },
  };
}
