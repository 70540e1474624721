/**
 * What a shell asks while a command line is typed: the words that could come next.
 *
 * @module
 */

import { COMPLETIONS, SHELLS } from "./arguments.ts";
import type { Command } from "./command.ts";
import type { CommandLine } from "./command_line.ts";
import { completionScript, PATHS } from "./completion_script.ts";
import type { Part } from "./flag.ts";

/** A word that could come next, and what it means. */
type Candidate = readonly [word: string, meaning: string];

/**
 * Answers `completions SHELL [WORD...]`.
 *
 * @param line the command lines there are
 * @param args the shell, then the words of the command line up to the one that is being typed, if it asks for those
 * @returns the shell's script; or a line for each candidate, for zsh and fish with a tab and its meaning
 */
export function answerCompletions(line: CommandLine, args: readonly string[]): string {
  const [shell = "", ...words] = args;
  const current = words.pop();
  if (current === undefined) return completionScript(line.program, shell);
  const lines = candidates(line, words, current).map(([word, meaning]) =>
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

function ofCommand(
  { parts, takesWords }: Command,
  before: readonly string[],
  current: string,
): readonly Candidate[] {
  if (before.includes("--")) return [];
  const named = (word: string) => parts.find(({ name }) => name === word.replace(/^--?/, "--"));
  const awaiting = named(before.at(-1) ?? "");
  if (awaiting?.metavar !== undefined) return values(awaiting, "", current);
  const [joined, flag] = /^(--?[^=]+)=/.exec(current) ?? [];
  if (joined !== undefined && flag !== undefined) {
    const part = named(flag);
    return part?.metavar === undefined ? [] : values(part, joined, current);
  }
  if (!current.startsWith("-") && (current !== "" || takesWords)) return [];
  const given = new Set(before.map((word) => named(word.replace(/=.*$/s, ""))));
  const flags = parts.flatMap((part): Candidate[] => {
    const { name, description, hidden } = part;
    return name === undefined || hidden || given.has(part) ? [] : [[name, description]];
  });
  // Whoever begins with one dash, as the original had it, goes on so.
  const single = /^-[^-]/.test(current);
  const spelled = [...flags, HELP].map(([name, meaning]): Candidate => [
    single ? name.slice(1) : name,
    meaning,
  ]);
  return starting(current, spelled);
}

/** The values of a flag that start as the word does; `joined` is what stands before the value in that word. */
function values({ choices, isPath }: Part<unknown>, joined: string, current: string): readonly Candidate[] {
  return isPath ? [[PATHS, ""]] : starting(current, choices.map((choice) => [joined + choice, ""]));
}

function starting(current: string, known: readonly Candidate[]): readonly Candidate[] {
  return known.filter(([word]) => word.startsWith(current));
}
