/**
 * Network namespaces: commands and processes inside them.
 *
 * @module
 */
import { type CommandOutcome, mustRun, Process, type ProcessOptions, run } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** State 0A of the `st` column of /proc/net/tcp is TCP_LISTEN (include/net/tcp_states.h). */
const LISTEN = "0A";

/** One named network namespace. A Reaper removes it. */
export class Namespace {
  private constructor(readonly name: string) {}

  /** Adds the namespace, with `lo` up and without IPv6 duplicate address detection, whose states change by time. */
  static async create(name: string): Promise<Namespace> {
    await mustRun(["ip", "netns", "add", name]);
    const namespace = new Namespace(name);
    await namespace.sysctl("net/ipv6/conf/all/accept_dad", "0");
    await namespace.sysctl("net/ipv6/conf/default/accept_dad", "0");
    await namespace.ip("link", "set", "lo", "up");
    return namespace;
  }

  /** Names the network namespace of a running process, such as a container's. */
  static async attach(name: string, pid: string): Promise<Namespace> {
    await mustRun(["ip", "netns", "attach", name, pid]);
    return new Namespace(name);
  }

  /** The argv that runs `argv` inside; nsenter replaces itself, so the child's pid is the program's own. */
  argv(argv: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${this.name}`, "--", ...argv];
  }

  /** Runs a command inside to its end; its output, or an Error on an exit status other than 0. */
  async exec(argv: readonly string[], deadline?: number): Promise<string> {
    return await mustRun(this.argv(argv), deadline === undefined ? {} : { deadline });
  }

  /** Runs a command inside to its end, whatever its exit status. */
  async run(
    argv: readonly string[],
    options: ProcessOptions & { readonly deadline?: number } = {},
  ): Promise<CommandOutcome> {
    return await run(this.argv(argv), options);
  }

  /** Starts a process inside. */
  spawn(argv: readonly string[], options: ProcessOptions = {}): Process {
    return new Process(this.argv(argv), options);
  }

  /** Starts a TypeScript program of `programs/` inside. */
  spawnScript(file: string, args: readonly string[]): Process {
    const path = new URL(`./programs/${file}`, import.meta.url).pathname;
    return this.spawn([Deno.execPath(), "run", "--no-check", "--quiet", "-A", path, ...args]);
  }

  /** Starts a process inside and waits until it listens on a TCP port. */
  async serve(argv: readonly string[], port: number): Promise<Process> {
    const child = this.spawn(argv);
    try {
      await waitUntil(`${argv.join(" ")} listens on ${port}`, () => listens(child, port));
    } catch (error) {
      await child.stop();
      throw error;
    }
    return child;
  }

  /** Runs `ip` on this namespace. */
  async ip(...args: string[]): Promise<string> {
    return await mustRun(["ip", "-n", this.name, ...args]);
  }

  /** Sets a value below /proc/sys. */
  async sysctl(key: string, value: string): Promise<void> {
    await this.exec(["sh", "-c", 'echo "$2" > "/proc/sys/$1"', "sysctl", key, value]);
  }
}

/** Whether a socket of the child's network namespace listens on the port: /proc/PID/net shows the child's own. */
async function listens(child: Process, port: number): Promise<boolean> {
  if (!child.running) throw new Error(`${child.argv.join(" ")} ended:\n${child.stderr.tail()}`);
  const suffix = ":" + port.toString(16).toUpperCase().padStart(4, "0");
  for (const file of ["tcp", "tcp6"]) {
    const table = await Deno.readTextFile(`/proc/${child.pid}/net/${file}`).catch(() => "");
    for (const line of table.split("\n")) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (local?.endsWith(suffix) === true && state === LISTEN) return true;
    }
  }
  return false;
}
