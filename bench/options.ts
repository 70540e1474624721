/**
 * The command line of `deno task bench`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { OperationError } from "../core/error.ts";

/** What can be measured by itself. */
export const PARTS = ["tcp", "cpu", "udp", "rtt", "rss", "start", "sessions"] as const;

/** One part. */
export type Part = (typeof PARTS)[number];

/** What is measured, and how much of it. */
export interface BenchOptions {
  readonly rounds: number;
  /** Length of one TCP run; a UDP run takes half of it. */
  readonly seconds: number;
  readonly parts: ReadonlySet<Part>;
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

const isPart = (name: string): name is Part => (PARTS as readonly string[]).includes(name);

function parseParts(text: string): ReadonlySet<Part> {
  const parts = new Set<Part>();
  for (const name of text.split(",")) {
    if (isPart(name)) parts.add(name);
    else {
      throw new OperationError(
        "usage",
        `Cannot measure "${name}": there is no such part`,
        `Give some of ${PARTS.join(",")}`,
      );
    }
  }
  return parts;
}

/** Parses arguments that only `parseArgs` can refuse with an error of its own. */
function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: "string", default: "3" },
        seconds: { type: "string", default: "2" },
        only: { type: "string", default: PARTS.join(",") },
        long: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new OperationError(
      "usage",
      `Cannot read the command line: ${error instanceof Error ? error.message : error}`,
      "Use --rounds N, --seconds N, --only PART,PART and --long",
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
    parts: parseParts(flags.only),
    long: flags.long,
  };
}
