import { COMPLETIONS, findCommand, HELP, SHELLS, VERSION } from "./arguments.ts";
import type { Command, Program } from "./command.ts";
import type { Part } from "./flag.ts";

/** The layout of a page: the columns of the longest line, and whether names of commands and flags are bold. */
export type PageStyle = Readonly<{ width: number; bold: boolean }>;

interface Page {
  readonly brief: string;
  /** One list of unbreakable pieces for each form of the command. */
  readonly usage: readonly (readonly string[])[];
  readonly description: string;
  /** A name and its explanation. */
  readonly rows: readonly (readonly [string, string])[];
  /** Command lines to copy. */
  readonly examples?: readonly string[];
}

/**
 * Returns the help page of a program, a group, a command or the completions.
 *
 * @param path the words that call the command or the group; none for the program's page
 * @returns lines, each with its newline
 */
export function helpPage(program: Program, path: readonly string[], style: PageStyle): string {
  if (path.length === 0) return layOut(programPage(program), style);
  if (path[0] === COMPLETIONS) return layOut(completionsPage(program.program), style);
  return layOut(commandPage(findCommand(program, path).command, program.program, path), style);
}

function programPage({ program, brief, description, commands }: Program): Page {
  return {
    brief,
    // The commands' own pages list their flags; all of them in one line would be no help.
    usage: [[program, "[COMMAND]", "[FLAG...]"]],
    description,
    rows: [
      ...commands.map(({ name, brief }) => [name, brief] as const),
      [COMPLETIONS, "Complete the command line in a shell."],
      [HELP, "Show this page, or that of a command: help COMMAND, or COMMAND --help."],
      [VERSION, "Show the version, as --version does."],
    ],
  };
}

function commandPage(
  { brief, description, parts, members, examples = [] }: Command,
  program: string,
  path: readonly string[],
): Page {
  const called = [program, ...path].join(" ");
  const shown = parts.filter(({ hidden }) => !hidden);
  const forms = members.map(({ name, parts }) => [called, name, ...usageOf(parts)]);
  return {
    brief,
    usage: members.length > 0 ? forms : [[called, ...usageOf(parts)]],
    description,
    rows: [
      ...members.map(({ name, brief }) => [name, brief] as const),
      ...shown.map((part) => [signature(part), part.description] as const),
    ],
    examples: examples.map((example) => `  ${program} ${example}`),
  };
}

function completionsPage(program: string): Page {
  return {
    brief: "Complete the command line in a shell.",
    usage: [[program, COMPLETIONS, SHELLS.join("|")]],
    description: "Prints a script for the shell. Put this line where the shell reads its settings:",
    rows: [
      ["bash", `eval "$(${program} ${COMPLETIONS} bash)"`],
      ["zsh", `eval "$(${program} ${COMPLETIONS} zsh)"`],
      ["fish", `${program} ${COMPLETIONS} fish | source`],
    ],
  };
}

/** Flags in brackets, words after them. */
function usageOf(parts: readonly Part<unknown>[]): readonly string[] {
  const shown = parts.filter(({ hidden }) => !hidden);
  const flags = shown.filter(({ name }) => name !== undefined).map((part) => `[${signature(part)}]`);
  return [...flags, ...shown.filter(({ name }) => name === undefined).map((part) => `${signature(part)}...`)];
}

/** A part as it is written: `--port PORT`, `--json`, `LINE`. */
function signature({ name, syntax }: Part<unknown>): string {
  return [name, syntax?.metavar].filter((word) => word !== undefined).join(" ");
}

function layOut(
  { brief, usage, description, rows, examples = [] }: Page,
  { width, bold }: PageStyle,
): string {
  const forms = usage.flatMap((pieces, index) => hanging(index === 0 ? "Usage: " : "       ", pieces, width));
  const about = description === "" ? [] : [...hanging("", description.split(" "), width), ""];
  const indent = Math.max(...rows.map(([name]) => name.length)) + 4;
  const table = rows.flatMap(([name, text]) => {
    const [first = "", ...rest] = hanging(`  ${name}`.padEnd(indent), text.split(" "), width);
    return [bold ? first.replace(name, () => `\x1b[1m${name}\x1b[0m`) : first, ...rest];
  });
  const last = examples.length === 0 ? [] : ["", "Examples:", ...examples];
  return [brief, ...forms, "", ...about, ...table, ...last].map((line) => `${line}\n`).join("");
}

/** Sets pieces in lines behind a heading; the lines after the first are indented by its length. */
function hanging(heading: string, pieces: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  let line = heading;
  for (const piece of pieces) {
    if (line.length === heading.length) line += piece;
    else if (line.length + 1 + piece.length <= width) line += ` ${piece}`;
    else {
      lines.push(line);
      line = " ".repeat(heading.length) + piece;
    }
  }
  return [...lines, line];
}
