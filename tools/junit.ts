/**
 * Counts the results in a JUnit XML file as `deno test --junit-path` writes it.
 *
 * @module
 */

/** One test and how long it took. */
export interface TestTime {
  /** reads `file: test` */
  readonly name: string;
  /** wall-clock time */
  readonly seconds: number;
}

/** Results of one or more test runs. */
export interface Tally {
  /** how many tests passed */
  readonly passed: number;
  /** names of the failed ones */
  readonly failed: readonly string[];
  /** names of the skipped ones */
  readonly skipped: readonly string[];
  /** all that ran */
  readonly times: readonly TestTime[];
}

/** The results of no run. */
export const NO_TESTS: Tally = { passed: 0, failed: [], skipped: [], times: [] };

const CASE = /<testcase name="([^"]*)" classname="([^"]*)" time="([^"]*)"[^>]*?(?:\/>|>([^]*?)<\/testcase>)/g;

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescape(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? "");
}

/**
 * Reads the results from a JUnit XML text. Markup inside failure messages is escaped there, so the search for
 * elements cannot be misled by it.
 *
 * @param xml the text
 * @param label stands for the file in the names, where the test was registered by another file than the one that ran
 * @returns the tally; names read `file: test`
 */
export function parseJunit(xml: string, label?: string): Tally {
  const tally = { passed: 0, failed: [] as string[], skipped: [] as string[], times: [] as TestTime[] };
  for (const [, test = "", file = "", time = "", body = ""] of xml.matchAll(CASE)) {
    const name = `${label ?? unescape(file.replace(/^\.\//, ""))}: ${unescape(test)}`;
    if (/<skipped\b/.test(body)) {
      tally.skipped.push(name);
      continue;
    }
    tally.times.push({ name, seconds: Number(time) });
    if (/<(?:failure|error)\b/.test(body)) tally.failed.push(name);
    else tally.passed++;
  }
  return tally;
}

/**
 * Adds up tallies.
 *
 * @param tallies of separate runs
 */
export function addTallies(...tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
    failed: tallies.flatMap((tally) => tally.failed),
    skipped: tallies.flatMap((tally) => tally.skipped),
    times: tallies.flatMap((tally) => tally.times),
  };
}

/**
 * The tests that took longest.
 *
 * @param tally the results
 * @param count how many
 * @returns the slowest first
 */
export function slowestTests(tally: Tally, count: number): TestTime[] {
  return tally.times.toSorted((a, b) => b.seconds - a.seconds).slice(0, count);
}

/** A test on a Docker Engine of a Debian suite that nothing on this machine can get. */
const NOT_TO_BE_HAD = /\(needs Debian's \w+, not to be had: [^)]*\)$/;

/**
 * The skipped tests that could have run on a well-equipped machine of this system. A test for another system says
 * so at the end of its name, as in `(needs macOS)` or `(needs root on Linux)`; one on a Docker Engine of a Debian suite
 * that the machine's package source does not serve says so too.
 *
 * @param tally the results
 * @param os the system they were had on
 * @returns names
 */
export function avoidableSkips(tally: Tally, os: "darwin" | "linux"): string[] {
  const other = os === "linux" ? /\(needs [^)]*(?:macOS|Darwin)[^)]*\)$/i : /\(needs [^)]*Linux[^)]*\)$/i;
  return tally.skipped.filter((name) => !other.test(name) && !NOT_TO_BE_HAD.test(name));
}
