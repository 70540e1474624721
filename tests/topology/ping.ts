/**
 * ICMP echo by iputils' ping.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";

/** Bytes of an IPv4 header without options and of an ICMP echo header: RFC 791 section 3.1, RFC 792. */
const HEADERS = 20 + 8;

/** How to ping. */
export interface PingOptions {
  readonly count?: number;
  /** Size in bytes of the whole IPv4 packet, sent with DF; 84 without DF where absent. */
  readonly packetSize?: number;
  /** Seconds until ping gives up. */
  readonly seconds?: number;
}

/** What came of it. */
export interface PingResult {
  readonly received: number;
  /** Round trip times in milliseconds, in order of arrival. */
  readonly times: readonly number[];
  readonly text: string;
}

/** Pings from a namespace; no reply is no error. */
export async function ping(
  from: Namespace,
  address: string,
  options: PingOptions = {},
): Promise<PingResult> {
  const count = options.count ?? 1;
  const size = options.packetSize;
  const flags = size === undefined ? [] : ["-M", "do", "-s", String(size - HEADERS)];
  const seconds = String(options.seconds ?? Math.max(2, Math.ceil(count / 10)));
  const { stdout, stderr } = await from.run(
    ["ping", "-n", "-i", "0.1", "-c", String(count), "-w", seconds, ...flags, address],
    { env: { LC_ALL: "C" } },
  );
  const times = [...stdout.matchAll(/ time=([\d.]+) ms/g)].map((match) => Number(match[1]));
  return { received: times.length, times, text: `${stdout}\n${stderr}` };
}

/** True when one echo is answered within `seconds`; ping sends up to 10 a second until then. */
export async function reachable(from: Namespace, address: string, seconds = 2): Promise<boolean> {
  const { code } = await from.run(["ping", "-n", "-i", "0.1", "-c", "1", "-w", String(seconds), address]);
  return code === 0;
}
