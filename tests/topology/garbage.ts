/**
 * A program whose garbage collections are told, so that a test can see whether its packets leave garbage.
 *
 * @module
 */
import { V8_FLAGS } from "../../tools/programs.ts";
import { mustRun, type Process } from "./process.ts";
import { SERVER_BINARY } from "./server_side.ts";

/** Octets of a transfer whose packets may make garbage: the compiler of V8 is still at work. */
export const WARM_UP = 150_000_000;
/** Octets of a transfer whose packets may not. */
export const LOAD = 500_000_000;
/**
 * With a young generation of 1 MB there is a collection for about every half megabyte that is allocated, so this many
 * in 700,000 packets are 4 octets for each, less than the smallest object. Heartbeats account for one now and then.
 */
export const COLLECTIONS = 5;
/** The compiled programs' flags, every collection told, and the small young generation. */
const TRACED_FLAGS = `--v8-flags=${[...V8_FLAGS, "--trace-gc", "--max-semi-space-size=1"].join()}`;

/** A Deno whose collections are looked at. */
export interface TracedRuntime {
  readonly version: string;
  /** A wrapper that runs a program's source in the place of its binary, with every collection told on standard output at once. */
  traced(main: string): Promise<string[]>;
}

/** The Deno version inside the compiled programs; undefined when none are there. */
function compiledVersion(): string | undefined {
  try {
    const { stdout } = new Deno.Command(SERVER_BINARY, { args: ["--version"], stderr: "null" }).outputSync();
    return /deno ([\d.]+)/.exec(new TextDecoder().decode(stdout))?.[1];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Path of a Deno of that version: this one, or npm's. */
async function denoOf(version: string): Promise<string> {
  if (version === Deno.version.deno) return Deno.execPath();
  const argv = ["npx", "-y", `deno@${version}`, "eval", "console.log(Deno.execPath())"];
  return (await mustRun(argv, { deadline: 120_000 })).trim();
}

/** This Deno, and that of the compiled programs where it is another: code that V8 optimises well may differ by version. */
export function tracedRuntimes(): TracedRuntime[] {
  const versions = new Set([Deno.version.deno, compiledVersion() ?? Deno.version.deno]);
  return [...versions].map((version) => ({
    version,
    async traced(main) {
      const path = new URL(`../../${main}`, import.meta.url).pathname;
      const script =
        'deno=$1 flags=$2 main=$3; shift 4; exec stdbuf -oL "$deno" run -A --no-check --quiet "$flags" "$main" "$@"';
      return ["sh", "-c", script, "sh", await denoOf(version), TRACED_FLAGS, path];
    },
  }));
}

/** How many collections a process has told so far. */
export function collections({ stdout }: Process): number {
  return stdout.lines.filter((line) => / ms: (?:Scavenge|Mark)/.test(line)).length;
}
