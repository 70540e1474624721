/**
 * An accessor's traffic with the server, sealed, beside wireguard-go between the same two namespaces.
 *
 * @module
 */
import type { CipherBackend } from "../ffi/aead/packet_cipher.ts";
import { Network } from "../tests/topology/network.ts";
import { ACCESSOR_VIRTUAL_ADDRESS, SessionPair } from "../tests/topology/session_pair.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../tests/topology/tunnel.ts";
import {
  type Direction,
  DIRECTIONS,
  type Figures,
  sessionRoundTrip,
  sessionThroughput,
  type Subject,
} from "./figures.ts";
import { runTcp } from "./iperf.ts";
import { type Course, type Lane, TUNNEL_MTU } from "./lanes.ts";
import type { BenchOptions } from "./options.ts";
import { probeRoundTrips } from "./rtt.ts";
import { quantile } from "./statistics.ts";
import { WIREGUARD_MAC_ADDRESS, WIREGUARD_VM_ADDRESS } from "./wireguard.ts";

/** A tunnel whose accessor is in `vm` and whose server is in `mac`. */
export interface SessionLane {
  readonly subject: Subject;
  readonly network: Network;
  readonly serverAddress: string;
  readonly accessorAddress: string;
  /** Gives it new keys, which serve for three minutes (whitepaper section 6.1); wireguard-go sees to that by itself. */
  readonly renew: () => Promise<unknown>;
}

function courseOf(lane: SessionLane, direction: Direction): Course {
  const { mac, vm } = lane.network;
  return direction === "to"
    ? { from: vm, to: mac, address: lane.serverAddress }
    : { from: mac, to: vm, address: lane.accessorAddress };
}

async function startPair(cipher: CipherBackend, stack: AsyncDisposableStack): Promise<SessionLane> {
  const network = stack.use(await Network.create());
  const pair = stack.use(await SessionPair.start(network, { cipher, mtu: TUNNEL_MTU }));
  return {
    subject: `encrypted (${cipher})`,
    network,
    serverAddress: SERVER_VIRTUAL_ADDRESS,
    accessorAddress: ACCESSOR_VIRTUAL_ADDRESS,
    renew: () => pair.rekey(),
  };
}

/** Starts a pair for each cipher and warms it up; wireguard-go's is that of the other lanes. */
export async function layOutSessions(
  stack: AsyncDisposableStack,
  lanes: readonly Lane[],
): Promise<SessionLane[]> {
  const pairs = [await startPair("libcrypto", stack), await startPair("wasm", stack)];
  for (const lane of pairs) {
    for (const direction of DIRECTIONS) await runTcp(courseOf(lane, direction), 1, 1);
    await probeRoundTrips(courseOf(lane, "to"));
  }
  const yardstick = lanes.filter(({ subject }) => subject === "wireguard-go").map((
    { subject, network },
  ): SessionLane => ({
    subject,
    network,
    serverAddress: WIREGUARD_MAC_ADDRESS,
    accessorAddress: WIREGUARD_VM_ADDRESS,
    renew: () => Promise.resolve(),
  }));
  return [...yardstick, ...pairs];
}

/** One round. */
export async function measureSessions(
  lanes: readonly SessionLane[],
  { seconds }: BenchOptions,
  figures: Figures,
): Promise<void> {
  for (const { renew } of lanes) await renew();
  for (const direction of DIRECTIONS) {
    for (const lane of lanes) {
      const run = { part: "sessions", subject: lane.subject, direction };
      const repeated = (why: string) => figures.repeated(run, why);
      const { bitsPerSecond } = await runTcp(courseOf(lane, direction), 1, seconds, repeated);
      figures.add(sessionThroughput(direction), lane.subject, bitsPerSecond / 1e6);
    }
  }
  for (const lane of lanes) {
    const times = await probeRoundTrips(courseOf(lane, "to"));
    figures.add(sessionRoundTrip(50), lane.subject, quantile(times, 0.5));
    figures.add(sessionRoundTrip(99), lane.subject, quantile(times, 0.99));
  }
}
