/**
 * The topologies that stand side by side: the same desktop, virtual machine and container, joined in different ways.
 *
 * @module
 */
import type { Namespace } from "../tests/topology/namespace.ts";
import { addIpv6, IPV6_SUBNET } from "../tests/topology/ipv6.ts";
import { Network } from "../tests/topology/network.ts";
import { reachable } from "../tests/topology/ping.ts";
import {
  defaultConfig,
  SERVER_VIRTUAL_ADDRESS,
  SERVER_VIRTUAL_ADDRESS_6,
  Tunnel,
} from "../tests/topology/tunnel.ts";
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
  /** The same two ends by IPv6, where the lane carries it. */
  readonly ipv6?: { readonly container: string; readonly mac: string };
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

/** The two ends by IPv6; undefined where the lane does not carry it. */
export function ipv6CourseOf({ network, ipv6 }: Lane, direction: Direction): Course | undefined {
  if (ipv6 === undefined) return undefined;
  const { namespace } = network.container();
  return direction === "to"
    ? { from: network.mac, to: namespace, address: ipv6.container }
    : { from: namespace, to: network.mac, address: ipv6.mac };
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
  const ipv6 = { container: await addIpv6(network), mac: SERVER_VIRTUAL_ADDRESS_6 };
  const config = `${defaultConfig(network)}route ${IPV6_SUBNET}\n`;
  const tunnel = stack.use(await Tunnel.start(network, { config, mtu: TUNNEL_MTU }));
  await waitUntil("IPv6 connects", () => reachable(network.mac, ipv6.container, 1));
  const pids = { desktop: tunnel.server.process.pid, vm: tunnel.client.process.pid };
  return { subject: "docker-connector", network, macAddress: SERVER_VIRTUAL_ADDRESS, ipv6, pids };
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
