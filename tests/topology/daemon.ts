/**
 * One of the programs as a daemon in a namespace: started, asked for its status, stopped, killed, started
 * again with the same arguments.
 *
 * @module
 */
import { type CommonStatus, readStatus } from "./control_socket.ts";
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";
import { ACCESSOR_BINARY, PROGRAMS_FOLDER, SERVER_BINARY } from "./server_side.ts";
import { waitUntil } from "./wait.ts";

/** The programs. */
export type Program = "docker-connector" | "docker-connector-client" | "docker-accessor";

/** Path of a program. */
export function binary(program: Program): string {
  if (program === "docker-connector") return SERVER_BINARY;
  if (program === "docker-accessor") return ACCESSOR_BINARY;
  return `${PROGRAMS_FOLDER}/${program}`;
}

/** How a daemon is started. */
export interface DaemonSettings {
  readonly namespace: Namespace;
  readonly program: Program;
  /** The folder with the program; that of all tests where absent. */
  readonly programs?: string;
  /** All arguments but `--control`. */
  readonly args: readonly string[];
  /** Path of its control socket. */
  readonly control: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Put before the program, such as `unshare`. */
  readonly wrapper?: readonly string[];
}

/** A daemon that is running or between two runs. */
export class Daemon<Status extends CommonStatus> implements AsyncDisposable {
  #process: Process;
  readonly #earlier: string[] = [];

  constructor(readonly settings: DaemonSettings) {
    this.#process = this.#spawn();
  }

  /** The current run, or the last one. */
  get process(): Process {
    return this.#process;
  }

  /** Starts it again after `stop` or `kill`, or with other arguments. */
  start(): void {
    if (this.#process.running) throw new Error(`${this.settings.program} runs already`);
    this.#earlier.push(...this.#process.stderr.lines, "-- started again --");
    this.#process = this.#spawn();
  }

  /** The status it reports; undefined while its control socket does not answer. */
  async status(): Promise<Status | undefined> {
    const status = await readStatus<Status>(this.settings.control);
    // A killed run leaves its socket file, and the next run's answer must not be taken for the old one's.
    return status?.pid === this.#process.pid ? status : undefined;
  }

  /** The first status for which `accept` holds; an Error when the process ends or the deadline passes first. */
  async waitForStatus(
    what: string,
    accept: (status: Status) => boolean,
    deadline = 10_000,
  ): Promise<Status> {
    return await waitUntil(what, async () => {
      if (!this.#process.running) throw new Error(`${this.settings.program} ended`);
      const status = await this.status();
      return status !== undefined && accept(status) ? status : undefined;
    }, deadline);
  }

  /** SIGTERM and the exit status; SIGKILL after 5 s shows as a signal. */
  async stop(): Promise<Deno.CommandStatus> {
    return await this.#process.stop();
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** The last lines of its log over all runs. */
  transcript(): string {
    const lines = [...this.#earlier, ...this.#process.stderr.lines];
    return lines.slice(-40).map((line) => `    ${line.slice(0, 300)}`).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #spawn(): Process {
    const { namespace, program, programs, args, control, env, wrapper = [] } = this.settings;
    const path = programs === undefined ? binary(program) : `${programs}/${program}`;
    const argv = [...wrapper, path, ...args, "--control", control];
    // A server starts no client unless its test wants it to, whatever Engine the machine has.
    return namespace.spawn(argv, { env: { DOCKER_CONNECTOR_IMAGE: "off", ...env } });
  }
}
