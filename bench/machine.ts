/**
 * What a figure was measured on, without which it says nothing.
 *
 * @module
 */
import { cpus, loadavg, release } from "node:os";
import { binary } from "../tests/topology/daemon.ts";
import { run } from "../tests/topology/process.ts";

/** Machine and versions. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly kernel: string;
  /** Runnable processes before the measurement, as the mean of the last minute. */
  readonly load: number;
  readonly connector: string;
  readonly wireguardGo: string;
  readonly iperf3: string;
}

async function firstLine(argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(argv);
  return `${stdout}\n${stderr}`.trim().split("\n")[0] ?? "";
}

/** Asks the machine and the programs. */
export async function describeMachine(): Promise<Machine> {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    processors: processors.length,
    kernel: release(),
    load: loadavg()[0] ?? 0,
    connector: await firstLine([binary("docker-connector"), "--version"]),
    wireguardGo: await firstLine(["dpkg-query", "-W", "wireguard-go"]),
    iperf3: await firstLine(["iperf3", "--version"]),
  };
}
