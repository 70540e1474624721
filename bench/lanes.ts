/**
 * The topologies that stand side by side: the same desktop, virtual machine and container, joined in different ways.
 *
 * @module
 */
import type { Namespace } from "../tests/topology/namespace.ts";
import { Network } from "../tests/topology/network.ts";
import { reachable } from "../tests/topology/ping.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../tests/topology/tunnel.ts";
import { waitUntil } from "../tests/topology/wait.ts";
import type { Direction, End, Subject } from "./figures.ts";
import { addVxlan, VXLAN_MAC_ADDRESS } from "./vxlan.ts";
import { WIREGUARD_MAC_ADDRESS, WireguardTunnel } from "./wireguard.ts";

/** MTU in bytes of the tunnels; the underlay has 1500. */
export const TUNNEL_MTU = 1400;

/** A topology in which `mac` and its container reach each other one way or another. */
export interface Lane {
  readonly subject: Subject;
  readonly network: Network;
  /** `mac` as the container reaches it. */
  readonly macAddress: string;
  /** The processes of the tunnel; empty where the kernel does it all. */
  readonly pids: Readonly<Partial<Record<End, number>>>;
}

/** From whom to whom the bytes go. */
export interface Course {
  readonly from: Namespace;
  readonly to: Namespace;
  /** Address of `to` as `from` reaches it. */
  readonly address: string;
}

/** The two ends of a lane in one direction. */
export function courseOf({ network, macAddress }: Lane, direction: Direction): Course {
  const { namespace, address } = network.container();
  return direction === "to"
    ? { from: network.mac, to: namespace, address }
    : { from: namespace, to: network.mac, address: macAddress };
}

async function plainLane(network: Network): Promise<Lane> {
  await network.mac.ip("route", "add", network.container().subnet, "via", network.vmAddress);
  return { subject: "plain route", network, macAddress: network.macAddress, pids: {} };
}

async function vxlanLane(network: Network): Promise<Lane> {
  await addVxlan(network, TUNNEL_MTU);
  return { subject: "VXLAN", network, macAddress: VXLAN_MAC_ADDRESS, pids: {} };
}

async function wireguardLane(network: Network, stack: AsyncDisposableStack): Promise<Lane> {
  const tunnel = stack.use(await WireguardTunnel.start(network, TUNNEL_MTU));
  const [desktop = 0, vm = 0] = tunnel.pids;
  return { subject: "wireguard-go", network, macAddress: WIREGUARD_MAC_ADDRESS, pids: { desktop, vm } };
}

async function connectorLane(network: Network, stack: AsyncDisposableStack): Promise<Lane> {
  const tunnel = stack.use(await Tunnel.start(network, { mtu: TUNNEL_MTU }));
  const pids = { desktop: tunnel.server.process.pid, vm: tunnel.client.process.pid };
  return { subject: "docker-connector", network, macAddress: SERVER_VIRTUAL_ADDRESS, pids };
}

/** Lays all of them out, each carrying packets; the stack takes them away. */
export async function layOut(stack: AsyncDisposableStack): Promise<Lane[]> {
  const lanes: Lane[] = [];
  for (const build of [plainLane, vxlanLane, wireguardLane, connectorLane]) {
    const lane = await build(stack.use(await Network.create()), stack);
    const { mac } = lane.network;
    const { address } = lane.network.container();
    await waitUntil(`${lane.subject} connects`, () => reachable(mac, address, 1));
    lanes.push(lane);
  }
  return lanes;
}
