/**
 * Throughput of one TCP stream between `mac` and a container, each way, in interleaved rounds: over a plain route,
 * through wireguard-go, and through this project's tunnel.
 *
 * @module
 */
import { throughput } from "../tests/topology/iperf.ts";
import { Network } from "../tests/topology/network.ts";
import { waitUntil } from "../tests/topology/wait.ts";
import { reachable } from "../tests/topology/ping.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../tests/topology/tunnel.ts";
import { median } from "./statistics.ts";
import { WIREGUARD_MAC_ADDRESS, WireguardTunnel } from "./wireguard.ts";

/** MTU in bytes of both tunnels; the underlay has 1500. */
export const TUNNEL_MTU = 1400;

/** What is compared. */
export type Subject = "plain route" | "wireguard-go" | "docker-connector";
/** Whether the bytes go from `mac` to the container or from it. */
export type Direction = "to container" | "from container";

/** One subject's figures in one direction, in bits per second. */
export interface Series {
  readonly subject: Subject;
  readonly direction: Direction;
  readonly bitsPerSecond: readonly number[];
  readonly median: number;
  /** The median over that of wireguard-go. */
  readonly ratioToWireguardGo: number;
}

/** How much is measured. */
export interface Plan {
  readonly rounds: number;
  /** Length of one run. */
  readonly seconds: number;
  /** Told before each run. */
  readonly report: (line: string) => void;
}

/** A topology in which `mac` and its container reach each other one way or another. */
interface Lane {
  readonly subject: Subject;
  readonly network: Network;
  /** `mac` as the container reaches it. */
  readonly macAddress: string;
}

async function layOut(stack: AsyncDisposableStack): Promise<Lane[]> {
  const plain = stack.use(await Network.create());
  await plain.mac.ip("route", "add", plain.container().subnet, "via", plain.vmAddress);

  const wireguard = stack.use(await Network.create());
  stack.use(await WireguardTunnel.start(wireguard, TUNNEL_MTU));

  const connector = stack.use(await Network.create());
  stack.use(await Tunnel.start(connector, { mtu: TUNNEL_MTU }));

  const lanes: Lane[] = [
    { subject: "plain route", network: plain, macAddress: plain.macAddress },
    { subject: "wireguard-go", network: wireguard, macAddress: WIREGUARD_MAC_ADDRESS },
    { subject: "docker-connector", network: connector, macAddress: SERVER_VIRTUAL_ADDRESS },
  ];
  for (const { network, subject } of lanes) {
    const { mac } = network;
    await waitUntil(`${subject} connects`, () => reachable(mac, network.container().address, 1));
  }
  return lanes;
}

async function measure(lane: Lane, direction: Direction, seconds: number): Promise<number> {
  const { mac } = lane.network;
  const { namespace, address } = lane.network.container();
  return direction === "to container"
    ? await throughput({ from: mac, to: namespace, address, seconds })
    : await throughput({ from: namespace, to: mac, address: lane.macAddress, seconds });
}

const DIRECTIONS: readonly Direction[] = ["to container", "from container"];

/** Measures every subject once a round, so that a change of the machine's load meets all of them. */
export async function compareThroughput(plan: Plan): Promise<Series[]> {
  await using stack = new AsyncDisposableStack();
  const lanes = await layOut(stack);
  const figures = new Map<string, number[]>();
  for (let round = 1; round <= plan.rounds; round++) {
    for (const lane of lanes) {
      for (const direction of DIRECTIONS) {
        const bits = await measure(lane, direction, plan.seconds);
        const key = `${lane.subject} ${direction}`;
        figures.set(key, [...figures.get(key) ?? [], bits]);
        plan.report(`round ${round}: ${key}: ${(bits / 1e6).toFixed(0)} Mbit/s`);
      }
    }
  }
  return lanes.flatMap(({ subject }) =>
    DIRECTIONS.map((direction) => {
      const bitsPerSecond = figures.get(`${subject} ${direction}`) ?? [];
      const middle = median(bitsPerSecond);
      const yardstick = median(figures.get(`wireguard-go ${direction}`) ?? []);
      return { subject, direction, bitsPerSecond, median: middle, ratioToWireguardGo: middle / yardstick };
    })
  );
}
