/**
 * The command line of `deno task bench`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { OperationError } from "../core/error.ts";
import { type Subject, SUBJECTS } from "./subjects.ts";

/** What can be measured by itself. */
export const PARTS = ["tcp", "cpu", "udp", "rtt", "rss", "idle", "start", "accessor", "darwin"] as const;

/** One part. */
export type Part = (typeof PARTS)[number];

/** What is measured, and how much of it. */
export interface BenchOptions {
  readonly rounds: number;
  /** Length of one TCP run; a UDP run takes half of it. */
  readonly seconds: number;
  readonly parts: ReadonlySet<Part>;
  /** What is compared. */
  readonly subjects: ReadonlySet<Subject>;
  /** Move 10 GB at the end and watch the memory. */
  readonly long: boolean;
}

/** Reads a whole number within bounds. */
function parseCount(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new OperationError(
    "usage",
    `Cannot use --${name} ${text}: it is no whole number from 1 to ${most}`,
    `Give 1 to ${most}`,
  );
}

/** Reads names of a list, separated by commas. */
function parseNames<Name extends string>(
  what: string,
  text: string,
  names: readonly Name[],
): ReadonlySet<Name> {
  const found = text.split(",").map((word) => {
    const name = names.find((one) => one === word);
    if (name !== undefined) return name;
    throw new OperationError(
      "usage",
      `Cannot measure "${word}": there is no such ${what}`,
      `Give some of ${names.join(",")}`,
    );
  });
  return new Set(found);
}

/** Parses arguments that only `parseArgs` can refuse with an error of its own. */
function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: "string", default: "7" },
        seconds: { type: "string", default: "2" },
        only: { type: "string", default: PARTS.join(",") },
        lanes: { type: "string", default: SUBJECTS.join(",") },
        long: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new OperationError(
      "usage",
      `Cannot read the command line: ${error instanceof Error ? error.message : error}`,
      "Use --rounds N, --seconds N, --only PART,PART, --lanes NAME,NAME and --long",
    );
  }
}

/**
 * Reads the command line.
 *
 * @throws OperationError `usage`
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const flags = parseFlags(args);
  return {
    rounds: parseCount("rounds", flags.rounds, 100),
    seconds: parseCount("seconds", flags.seconds, 60),
    parts: parseNames("part", flags.only, PARTS),
    subjects: parseNames("lane", flags.lanes, SUBJECTS),
    long: flags.long,
  };
}

/** Whether all of it is measured, so that the run may stand for the latest. */
export function isComplete({ parts, subjects, long }: BenchOptions): boolean {
  return long && parts.size === PARTS.length && subjects.size === SUBJECTS.length;
}
