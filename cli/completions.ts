/**
 * Completions: the words that could come next on a command line.
 *
 * @module
 */

import { COMPLETIONS, SHELLS } from "./arguments.ts";
import type { Command, CommandLine } from "./command.ts";
import { completionScript, PATHS } from "./completion_script.ts";
import type { Part } from "./flag.ts";

/** A word that could come next, and what it means. */
type Candidate = readonly [word: string, meaning: string];

/**
 * Answers `completions SHELL [WORD...]`.
 *
 * @param line the command lines of the program
 * @param shell the shell
 * @param words the words of the command line up to the one being typed; none to ask for the script
 * @returns the shell's script; or a line for each candidate, for zsh and fish with a tab and its meaning
 */
export function answerCompletions(line: CommandLine, shell: string, words: readonly string[]): string {
  const current = words.at(-1);
  if (current === undefined) return completionScript(line.program, shell);
  const lines = candidates(line, words.slice(0, -1), current).map(([word, meaning]) =>
    shell === "bash" || meaning === "" ? word : `${word}\t${meaning}`
  );
  return lines.map((text) => `${text}\n`).join("");
}

function candidates(line: CommandLine, before: readonly string[], current: string): readonly Candidate[] {
  if (before[0] === COMPLETIONS) {
    return before.length > 1 ? [] : starting(current, SHELLS.map((name) => [name, ""]));
  }
  let choices: readonly Command[] = line.commands;
  for (const [index, word] of before.entries()) {
    const command = choices.find(({ name }) => name === word);
    if (command === undefined) return [];
    if (command.members.length === 0) return ofCommand(command, before.slice(index + 1), current);
    choices = command.members;
  }
  const known: Candidate[] = choices.map(({ name, brief }) => [name, brief]);
  if (before.length === 0) known.push([COMPLETIONS, "Complete the command line in a shell."]);
  known.push(HELP);
  if (before.length === 0) known.push(["--version", "Show the version."]);
  return starting(current, known);
}

const HELP: Candidate = ["--help", "Show help."];

function ofCommand({ parts }: Command, before: readonly string[], current: string): readonly Candidate[] {
  if (before.includes("--")) return [];
  const named = (word: string) => parts.find(({ name }) => name === word.replace(/^--?/, "--"));
  const awaiting = named(before.at(-1) ?? "");
  if (awaiting?.syntax !== undefined) return values(awaiting, "", current);
  const [joined, flag] = /^(--?[^=]+)=/.exec(current) ?? [];
  if (joined !== undefined && flag !== undefined) {
    const part = named(flag);
    return part?.syntax === undefined ? [] : values(part, joined, current);
  }
  const takesWords = parts.some(({ name }) => name === undefined);
  if (!current.startsWith("-") && (current !== "" || takesWords)) return [];
  const given = new Set(before.map((word) => named(word.replace(/=.*$/s, ""))));
  const flags = parts.flatMap((part): Candidate[] => {
    const { name, description, hidden } = part;
    return name === undefined || hidden || given.has(part) ? [] : [[name, description]];
  });
  // One dash, as in upstream v1, is completed with one dash.
  const single = /^-[^-]/.test(current);
  const spelled = [...flags, HELP].map(([name, meaning]): Candidate => [
    single ? name.slice(1) : name,
    meaning,
  ]);
  return starting(current, spelled);
}

/** The values of a flag that fit the word being typed; `joined` is the part of that word before the value. */
function values({ syntax }: Part<unknown>, joined: string, current: string): readonly Candidate[] {
  if (syntax?.isPath) return [[PATHS, ""]];
  return starting(current, (syntax?.choices ?? []).map((choice) => [joined + choice, ""]));
}

function starting(current: string, known: readonly Candidate[]): readonly Candidate[] {
  return known.filter(([word]) => word.startsWith(current));
}
