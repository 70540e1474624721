/**
 * The manual page of a program, from the same tree of commands as its help: mdoc(7), which the man programs of macOS and Linux
 * format.
 *
 * @module
 */
import { COMPLETIONS, HELP, SHELLS, VERSION } from "../../cli/arguments.ts";
import type { Command, Program } from "../../cli/command.ts";
import { EXIT_OK, EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Part } from "../../cli/flag.ts";

/** What a page tells besides. */
export interface PageFacts {
  /** The program's version. */
  readonly version: string;
  /** When it was released: the year, month and day, as in 2026-11-26. */
  readonly date: string;
  /** Files that the program reads or makes, and what each is. */
  readonly files: readonly (readonly [path: string, meaning: string])[];
  /** Names of the other programs' pages. */
  readonly seeAlso: readonly string[];
}

const STATUS_MEANINGS: Readonly<Record<keyof typeof EXIT_STATUS, string>> = {
  "failure": "Failure.",
  "not-running": "Nothing runs.",
  "usage": "The command line is faulty.",
  "unavailable": "The peer, Docker or a program is unavailable.",
  "io": "The interface, a socket or a file failed.",
  "privilege": "Not root.",
  "config": "The configuration is faulty.",
};

const MONTHS = [
  ..."January February March April May June July August September October November December".split(" "),
];

/** The page as text. */
export function manPage(program: Program, { version, date, files, seeAlso }: PageFacts): string {
  const name = program.program;
  const [year, month, day] = date.split("-").map(Number);
  const statuses = Object.entries(STATUS_MEANINGS).map(([code, meaning]) =>
    [EXIT_STATUS[code as keyof typeof EXIT_STATUS], meaning] as const
  );
  const lines = [
    '.\\" Written by tools/man.ts.',
    `.Dd ${MONTHS[(month ?? 1) - 1]} ${day}, ${year}`,
    `.Dt ${name.toUpperCase()} 1`,
    `.Os ${name} ${version}`,
    ".Sh NAME",
    `.Nm ${name}`,
    `.Nd ${firstLower(program.brief.replace(/\.$/, ""))}`,
    ".Sh SYNOPSIS",
    `.Nm ${name}`,
    ".Op Ar COMMAND",
    ".Op Ar FLAG ...",
    ".Sh DESCRIPTION",
    ...sentences(`${program.brief} ${program.description}`),
    ".Pp",
    ...sentences("A flag's value follows after a blank or an equals sign; one dash is as good as two."),
    ".Pp",
    ...sentences("These flags every command has:"),
    ...listOf((program.commands[0]?.parts ?? []).filter(({ name }) => COMMON_FLAGS.includes(name ?? ""))),
    ".Sh COMMANDS",
    ...program.commands.flatMap((command) => commandLines([name], command)),
    `.Ss ${name} ${COMPLETIONS} ${SHELLS.join("|")}`,
    ...sentences("Prints the completions of a shell."),
    `.Ss ${name} ${HELP} Op Ar COMMAND`.replace(" Op Ar COMMAND", " [COMMAND]"),
    ...sentences("Shows the help of the program or of a command."),
    `.Ss ${name} ${VERSION}`,
    ...sentences("Shows the version."),
    ...files.length === 0 ? [] : [
      ".Sh FILES",
      ".Bl -tag -width Ds",
      ...files.flatMap(([path, meaning]) => [`.It Pa ${argument(path)}`, ...sentences(meaning)]),
      ".El",
    ],
    ".Sh EXIT STATUS",
    ".Bl -tag -width Ds",
    `.It ${EXIT_OK}`,
    ...sentences("Done, or asked to stop."),
    ...statuses.toSorted(([a], [b]) => a - b).flatMap((
      [status, meaning],
    ) => [`.It ${status}`, ...sentences(meaning)]),
    ".El",
    ...exampleLines(program),
    ".Sh SEE ALSO",
    ...seeAlso.map((other, index) => `.Xr ${other} 1${index < seeAlso.length - 1 ? " ," : ""}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function commandLines(path: readonly string[], command: Command): string[] {
  const called = [...path, command.name];
  if (command.members.length > 0) {
    return command.members.flatMap((member) => commandLines(called, member));
  }
  const shown = command.parts.filter(({ hidden, name }) => !hidden && !COMMON_FLAGS.includes(name ?? ""));
  const words = shown.filter(({ name }) => name === undefined);
  const heading = [...called, ...words.map(({ syntax }) => syntax?.metavar ?? "")].join(" ");
  return [
    `.Ss ${argument(heading)}`,
    ...sentences(command.description),
    ...listOf(shown),
  ];
}

function listOf(parts: readonly Part<unknown>[]): string[] {
  if (parts.length === 0) return [];
  const items = parts.flatMap((part) => [itemOf(part), ...sentences(part.description)]);
  return [".Bl -tag -width Ds", ...items, ".El"];
}

/** The flags of every command, which are shown once. */
const COMMON_FLAGS = ["--log-level", "--log-format"];

/** The item of a flag: `.It Fl \-port Ar PORT` is set as --port PORT. */
function itemOf({ name, syntax }: Part<unknown>): string {
  const value = syntax === undefined ? "" : ` Ar ${argument(syntax.metavar)}`;
  return name === undefined ? `.It${value}` : `.It Fl \\-${argument(name.slice(2))}${value}`;
}

function exampleLines({ program, commands }: Program): string[] {
  const all = commands.flatMap((command) => [command, ...command.members])
    .flatMap(({ examples = [] }) => examples);
  if (all.length === 0) return [];
  return [
    ".Sh EXAMPLES",
    ".Bd -literal -offset indent",
    ...all.map((line) => text(`${program} ${line}`)),
    ".Ed",
  ];
}

/** Each sentence begins a line, as roff wants it. */
function sentences(words: string): string[] {
  return words.split(/(?<=[.?!]) (?=[A-Z"-])/).flatMap(wrap).map(text);
}

/** Columns of a line of text; mandoc(1) warns of longer ones than 80. */
const WIDTH = 72;

function wrap(sentence: string): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(" ").filter((word) => word !== "")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** A line of text: no control line, no escapes but ours, dashes that can be copied. */
function text(line: string): string {
  return line.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^[.']/, "\\&$&");
}

/** Words of a control line, which no macro's name may be: those are of two or three letters, the first one a capital. */
function argument(words: string): string {
  return text(words).split(" ").map((word) => /^[A-Z][a-z]{1,2}$/.test(word) ? `\\&${word}` : word).join(" ");
}

function firstLower(words: string): string {
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}
