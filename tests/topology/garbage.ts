/**
 * A program whose garbage collections are told, so that a test can see whether its packets leave garbage.
 *
 * @module
 */
import type { Process } from "./process.ts";

/** Octets of a transfer whose packets may make garbage: the compiler of V8 is still at work. */
export const WARM_UP = 150_000_000;
/** Octets of a transfer whose packets may not. */
export const LOAD = 500_000_000;
/**
 * With a young generation of 1 MB there is a collection for about every half megabyte that is allocated, so this many
 * in 700,000 packets are 4 octets for each, less than the smallest object. Heartbeats account for one now and then.
 */
export const COLLECTIONS = 5;
const V8_FLAGS = "--v8-flags=--trace-gc,--max-semi-space-size=1";

/**
 * A wrapper that runs a program's source in the place of its binary, with every collection told on standard output at once.
 *
 * @param main the main module, from the repository
 */
export function traced(main: string): string[] {
  const path = new URL(`../../${main}`, import.meta.url).pathname;
  const script =
    'deno=$1 flags=$2 main=$3; shift 4; exec stdbuf -oL "$deno" run -A --no-check --quiet "$flags" "$main" "$@"';
  return ["sh", "-c", script, "sh", Deno.execPath(), V8_FLAGS, path];
}

/** How many collections a process has told so far. */
export function collections({ stdout }: Process): number {
  return stdout.lines.filter((line) => / ms: (?:Scavenge|Mark)/.test(line)).length;
}
