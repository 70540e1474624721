/**
 * Child processes with captured lines, ended by their own pid.
 *
 * @module
 */
import { adminPath } from "../../tools/packages.ts";
import { LineLog } from "./line_log.ts";
import { withDeadline } from "./wait.ts";

/** How a child process is started. */
export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What a command that ended left behind. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running child process. Disposal ends it. */
export class Process implements AsyncDisposable {
  readonly pid: number;
  readonly stdout: LineLog;
  readonly stderr: LineLog;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  #status: Deno.CommandStatus | undefined;
  #ended: Promise<Deno.CommandStatus>;

  constructor(readonly argv: readonly string[], options: ProcessOptions = {}) {
    this.#child = new Deno.Command(argv[0] ?? "", {
      args: argv.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { PATH: adminPath(), ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    }).spawn();
    this.pid = this.#child.pid;
    this.#stdin = this.#child.stdin.getWriter();
    this.stdout = new LineLog(this.#child.stdout);
    this.stderr = new LineLog(this.#child.stderr);
    this.#ended = this.#end();
  }

  /** True until the process has ended and its output has been read to the end. */
  get running(): boolean {
    return this.#status === undefined;
  }

  /** Writes one line to the process's standard input. */
  async send(line: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(line + "\n"));
  }

  /** Ends the process's standard input. */
  async endInput(): Promise<void> {
    await this.#stdin.close().catch(() => {});
  }

  /** Sends a signal; nothing happens when the process has ended. */
  signal(signal: Deno.Signal): void {
    if (this.running) {
      try {
        this.#child.kill(signal);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
      }
    }
  }

  /** Waits until the process ends by itself. */
  async wait(deadline = 10_000): Promise<Deno.CommandStatus> {
    return await withDeadline(`${this.argv.join(" ")} to end`, this.#ended, deadline);
  }

  /** SIGTERM, and SIGKILL when that has not ended it within `grace` milliseconds. */
  async stop(grace = 5_000): Promise<Deno.CommandStatus> {
    this.signal("SIGTERM");
    try {
      return await this.wait(grace);
    } catch {
      return await this.kill();
    }
  }

  /** SIGKILL. */
  async kill(): Promise<Deno.CommandStatus> {
    this.signal("SIGKILL");
    return await this.wait();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    await this.#stdin.close().catch(() => {});
    await Promise.all([this.stdout.ended, this.stderr.ended]);
    this.#status = status;
    return status;
  }
}

/**
 * Runs a command to its end, whatever its exit status.
 *
 * @param deadline milliseconds until it is killed and an Error thrown
 */
export async function run(
  argv: readonly string[],
  options: ProcessOptions & { readonly deadline?: number } = {},
): Promise<CommandOutcome> {
  await using child = new Process(argv, options);
  const status = await child.wait(options.deadline ?? 30_000);
  return { code: status.code, stdout: child.stdout.lines.join("\n"), stderr: child.stderr.lines.join("\n") };
}

/**
 * Runs a command that must succeed.
 *
 * @returns its standard output, without the last line break
 * @throws Error with the argv and what it wrote, when its exit status is not 0
 */
export async function mustRun(
  argv: readonly string[],
  options: ProcessOptions & { readonly deadline?: number } = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options);
  if (code !== 0) throw new Error(`Cannot run ${argv.join(" ")}: exit ${code}\n${stderr}${stdout}`);
  return stdout;
}
