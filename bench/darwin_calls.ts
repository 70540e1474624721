/**
 * What the macOS side of the server asks of the system for 10^9 bytes: counted over the double of Apple's C library, on Linux.
 * How long a Mac takes for it is not known.
 *
 * @module
 */
import { join } from "node:path";
import { CALLS_VARIABLE, readCalls } from "../tests/darwin/call_record.ts";
import { Network } from "../tests/topology/network.ts";
import { PROGRAMS_FOLDER } from "../tests/topology/server_side.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../tests/topology/tunnel.ts";
import { DARWIN_SERVER, ensureDarwinDouble } from "../tools/darwin_double.ts";
import type { Figures } from "./figures.ts";
import { runTcpBytes } from "./iperf.ts";
import { containerCourses, TUNNEL_MTU } from "./lanes.ts";
import { darwinPerGigabyte, DIRECTIONS } from "./metrics.ts";

/** Bytes of one stream. */
const BYTES = 1e9;
/** The system calls of the packet loop; what else the double records are calls of its start, or no calls. */
const PACKET_CALLS = [
  "poll",
  "recvmsg",
  "sendmsg",
  "recvmsg_x",
  "sendmsg_x",
  "sendto",
  "read",
  "write",
  "readv",
  "writev",
];

/** How often a call was made and how many packets it moved. */
type Counts = ReadonlyMap<string, { readonly calls: number; readonly messages: number }>;

/** Calls and packets between two records, all together and by call. */
export function countBetween(before: Counts, after: Counts) {
  const byCall = PACKET_CALLS.map((call) => {
    const [first, last] = [before.get(call), after.get(call)];
    const calls = (last?.calls ?? 0) - (first?.calls ?? 0);
    return { call, calls, packets: (last?.messages ?? 0) - (first?.messages ?? 0) };
  }).filter(({ calls }) => calls > 0);
  return {
    calls: byCall.reduce((sum, { calls }) => sum + calls, 0),
    packets: byCall.reduce((sum, { packets }) => sum + packets, 0),
    byCall,
  };
}

/** A tunnel whose server is the macOS one. */
export interface DarwinTunnel {
  readonly network: Network;
  /** The file with the record of calls. */
  readonly record: string;
}

/** Starts it: the server over the double, the client as it is compiled for Linux. */
export async function layOutDarwin(stack: AsyncDisposableStack): Promise<DarwinTunnel> {
  await ensureDarwinDouble();
  const network = stack.use(await Network.create({ link: "veth" }));
  const programs = join(network.folder, "programs");
  await Deno.mkdir(programs);
  await Deno.symlink(DARWIN_SERVER, join(programs, "docker-connector"));
  const client = "docker-connector-client";
  await Deno.symlink(join(PROGRAMS_FOLDER, client), join(programs, client));
  const record = join(network.folder, "calls");
  const serverEnv = { [CALLS_VARIABLE]: record };
  stack.use(await Tunnel.start(network, { mtu: TUNNEL_MTU, programs, serverEnv }));
  return { network, record };
}

/** One round. */
export async function measureDarwin({ network, record }: DarwinTunnel, figures: Figures): Promise<void> {
  const courses = containerCourses(network, SERVER_VIRTUAL_ADDRESS);
  for (const direction of DIRECTIONS) {
    const before = await readCalls(record);
    const { bytes } = await runTcpBytes(courses(direction), BYTES, () => Promise.resolve());
    const { calls, packets, byCall } = countBetween(before, await readCalls(record));
    const gigabytes = bytes / 1e9;
    figures.add(darwinPerGigabyte(direction, "calls"), "docker-connector", calls / gigabytes);
    figures.add(darwinPerGigabyte(direction, "packets"), "docker-connector", packets / gigabytes);
    for (const one of byCall) figures.runs.push({ part: "darwin", direction, bytes, ...one });
  }
}
