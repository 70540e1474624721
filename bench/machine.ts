/**
 * What a figure was measured on, without which it says nothing.
 *
 * @module
 */
import { cpus, loadavg, release } from "node:os";
import { binary } from "../tests/topology/daemon.ts";
import { run } from "../tests/topology/process.ts";
import { describeTuning, type Tuning } from "./tuning.ts";

/** Machine and versions. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly kernel: string;
  /** What TCP uses in new network namespaces. */
  readonly congestionControl: string;
  readonly connector: string;
  /** The commit that the programs were compiled from; empty where they do not say. */
  readonly commit: string;
  readonly iperf3: string;
  readonly ping: string;
  readonly tuning: Tuning;
}

async function firstLine(argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(argv);
  return `${stdout}\n${stderr}`.trim().split("\n")[0] ?? "";
}

/** The commit in the line that a program prints for `--version`. */
export function commitOf(version: string): string {
  return /\bcommit ([0-9a-f]+[^ ,)]*)/.exec(version)?.[1] ?? "";
}

/** Runnable processes as the mean of the last minute: what else was going on. */
export function load(): number {
  return loadavg()[0] ?? 0;
}

/** Asks the machine and the programs. */
export async function describeMachine(): Promise<Machine> {
  const processors = cpus();
  const connector = await firstLine([binary("docker-connector"), "--version"]);
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    processors: processors.length,
    kernel: release(),
    congestionControl: (await Deno.readTextFile("/proc/sys/net/ipv4/tcp_congestion_control")).trim(),
    connector,
    commit: commitOf(connector),
    iperf3: await firstLine(["iperf3", "--version"]),
    ping: await firstLine(["ping", "-V"]),
    tuning: await describeTuning(),
  };
}
