/**
 * TCP throughput by iperf3.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";

/** From whom to whom, and for how long. */
export interface ThroughputOptions {
  readonly from: Namespace;
  readonly to: Namespace;
  /** Address of `to` as `from` reaches it. */
  readonly address: string;
  readonly seconds: number;
  readonly port?: number;
}

/** One single-stream TCP run; bits per second as the receiver counted them. */
export async function throughput(options: ThroughputOptions): Promise<number> {
  const port = options.port ?? 5201;
  await using _server = await options.to.serve(["iperf3", "-s", "-1", "-p", String(port)], port);
  const args = ["-c", options.address, "-p", String(port), "-t", String(options.seconds), "-J"];
  const output = await options.from.exec(["iperf3", ...args], (options.seconds + 15) * 1000);
  const report: { end: { sum_received: { bits_per_second: number } } } = JSON.parse(output);
  return Math.round(report.end.sum_received.bits_per_second);
}
