/**
 * Runs programs of the system: an argv without a shell, an absolute path, bounded time, captured output.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { SYSTEM_CLOCK } from "./system_clock.ts";

/** How a program ended. */
export interface CommandOutcome {
  /** Its exit status; 128 and more when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program gets beside its arguments. */
export interface CommandOptions {
  /** Its standard input; none: it reads nothing. */
  readonly input?: string;
  /** Milliseconds that it may take. */
  readonly timeout?: number;
  /** Its environment beside LC_ALL; it inherits nothing. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end, by its absolute path and arguments; any exit status is an outcome. */
export type RunCommand = (argv: readonly string[], options?: CommandOptions) => Promise<CommandOutcome>;

/** What a program of the system may take; route and ifconfig need some milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * The {@linkcode RunCommand} of the running system. Programs speak English to us, whatever the user's language is.
 *
 * @throws {OperationError} "unavailable" when there is no such program, "io" when it takes too long
 * @throws {RangeError} when the path is not absolute: what PATH says is not to be trusted in a program that is root
 */
export const runCommand: RunCommand = async (argv, { input, timeout = TIMEOUT_MS, env = {} } = {}) => {
  const [program = "", ...args] = argv;
  if (!program.startsWith("/")) throw new RangeError(`Cannot run "${program}": the path is not absolute`);
  const child = spawn(program, args, env, input !== undefined);
  const late = new AbortController();
  using _timer = SYSTEM_CLOCK.after(timeout, () => {
    end(child);
    // A grandchild may still hold the other ends of its output.
    late.abort();
  });
  const output = Promise.all([child.stdout, child.stderr].map((stream) => collect(stream, late.signal)));
  if (input !== undefined) await feed(child.stdin, input);
  const [{ code }, [stdout = "", stderr = ""]] = await Promise.all([child.status, output]);
  if (!late.signal.aborted) return { code, stdout, stderr };
  const state = `it did not end within ${timeout / 1000} s`;
  throw new OperationError("io", `Cannot run ${argv.join(" ")}: ${state}`, "Try the command by hand");
};

/**
 * Starts a program by its absolute path.
 *
 * @param env its environment beside LC_ALL
 * @throws {OperationError} "unavailable" when there is no such program
 */
export function spawn(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  hasInput: boolean,
): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args: [...args],
      // What the caller of this program has in LD_* or XTABLES_* is not for a program that runs as root.
      clearEnv: true,
      env: { ...env, LC_ALL: "C" },
      stdin: hasInput ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    if (!isMissing && !(error instanceof Deno.errors.PermissionDenied)) throw error;
    const state = isMissing ? "there is no such program" : "it is not executable";
    const remedy = "Install the package that brings it";
    throw new OperationError("unavailable", `Cannot run ${program}: ${state}`, remedy, { cause: error });
  }
}

/** Ends a program at once; nothing happens when it has ended by itself. */
export function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function feed(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    // A program may end without reading everything; its exit status tells whether that was right. The stream is broken
    // then, or already closed (a TypeError).
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
  }
}

/** Collects a stream until it ends, or until it is late. */
async function collect(stream: ReadableStream<Uint8Array>, late: AbortSignal): Promise<string> {
  let text = "";
  const output = new WritableStream<string>({ write: (piece) => void (text += piece) });
  await stream.pipeThrough(new TextDecoderStream()).pipeTo(output, { signal: late }).catch((error) => {
    if (!late.aborted) throw error;
  });
  return text;
}
