/**
 * `deno run -A bench/turns.ts FOLDER`: writes the programs to a folder, as tools/source_programs.ts does, with a packet loop that
 * times itself. Each second in which it had something to do, it says on the standard error what kept packets waiting:
 * `turns {"seconds":1,"turns":900,"slow":2,"longest":1.4}`. A turn is the time from the return of one poll(2) to the next; slow is
 * one of more than half a millisecond.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { writeSourcePrograms } from "../tools/source_programs.ts";

/** Milliseconds of a slow turn. */
const SLOW = 0.5;
const FILE = "dataplane/packet_loop.ts";
const WAIT = /^ +poller\.wait\(.*\);$/m;

/** What all seconds together say. */
export interface Turns {
  readonly seconds: number;
  readonly turns: number;
  readonly slow: number;
  /** Milliseconds. */
  readonly longest: number;
}

/** Adds the seconds up that are in lines of a program's standard error; undefined where there are none. */
export function sumTurns(lines: readonly string[]): Turns | undefined {
  const found = lines.filter((line) => line.startsWith("turns ")).map((line): Turns =>
    JSON.parse(line.slice(6))
  );
  if (found.length === 0) return undefined;
  return {
    seconds: found.reduce((sum, { seconds }) => sum + seconds, 0),
    turns: found.reduce((sum, { turns }) => sum + turns, 0),
    slow: found.reduce((sum, { slow }) => sum + slow, 0),
    longest: Math.max(...found.map(({ longest }) => longest)),
  };
}

/** The packet loop's text with a clock around its wait. */
export function withClock(text: string): string {
  const wait = WAIT.exec(text)?.[0];
  if (wait === undefined) throw new Error(`${FILE} has no line that waits`);
  const timed = [
    "const before = performance.now();",
    "if (turns.began > 0) {",
    "  const took = before - turns.began;",
    "  turns.count++;",
    `  if (took > ${SLOW}) turns.slow++;`,
    "  if (took > turns.longest) turns.longest = took;",
    "  if (before - turns.since > 1000) {",
    '    console.error(`turns {"seconds":${(before - turns.since) / 1000},"turns":${turns.count},"slow":${turns.slow},"longest":${turns.longest}}`);',
    "    turns.since = performance.now(); turns.count = turns.slow = turns.longest = 0;",
    "  }",
    "}",
    wait,
    "turns.began = performance.now();",
  ];
  const clock = "const turns = { began: 0, since: 0, count: 0, slow: 0, longest: 0 };\n";
  return text.replace(wait, () => timed.join("\n")).replace(
    /^\/\*\* Runs until told/m,
    (found) => clock + found,
  );
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) {
    throw new OperationError("usage", "Cannot write the programs: no folder is named", "Name one");
  }
  const text = await Deno.readTextFile(new URL(`../${FILE}`, import.meta.url));
  await writeSourcePrograms(folder, { [FILE]: withClock(text) });
}
