/**
 * The lanes as they are laid out in network namespaces.
 *
 * @module
 */
import { addIpv6, IPV6_SUBNET } from "../tests/topology/ipv6.ts";
import { type Link, Network, type NetworkOptions } from "../tests/topology/network.ts";
import { reachable } from "../tests/topology/ping.ts";
import {
  defaultConfig,
  SERVER_VIRTUAL_ADDRESS,
  SERVER_VIRTUAL_ADDRESS_6,
  Tunnel,
} from "../tests/topology/tunnel.ts";
import { waitUntil } from "../tests/topology/wait.ts";
import { layOutEnginePath } from "./engine_path.ts";
import { layOutExecStream } from "./exec_lane.ts";
import { ALL_MEASURES, containerCourses, type Lane, TUNNEL_MTU } from "./lanes.ts";
import { OWN_WIREGUARD_GO, type WireguardProgram } from "./newest_programs.ts";
import type { Subject } from "./subjects.ts";
import { addVxlan, VXLAN_MAC_ADDRESS } from "./vxlan.ts";
import { WIREGUARD_MAC_ADDRESS, WireguardTunnel } from "./wireguard.ts";

/** Milliseconds between two heartbeats: what a client that nobody tells otherwise has (docs/guide/commands.md). */
export const SHIPPED_HEARTBEAT = 5000;

/** What lanes are made of. */
export interface Ground {
  /** Takes everything away. */
  readonly stack: AsyncDisposableStack;
  /** The newest wireguard-go. */
  readonly newest: WireguardProgram;
}

/** One lane, laid out. */
type Build = (ground: Ground) => Promise<Lane>;

// What a topology of tests is by an environment variable has no say here.
const create = async ({ stack }: Ground, link: Link, options: NetworkOptions = {}) =>
  stack.use(await Network.create({ ...options, link }));

const plainRoute: Build = async (ground) => {
  const network = await create(ground, "veth");
  await network.mac.ip("route", "add", network.container().subnet, "via", network.vmAddress);
  const course = containerCourses(network, network.macAddress);
  return { subject: "plain route", network, measures: ALL_MEASURES, pids: {}, course };
};

const vxlan: Build = async (ground) => {
  const network = await create(ground, "veth");
  await addVxlan(network, TUNNEL_MTU);
  const course = containerCourses(network, VXLAN_MAC_ADDRESS);
  return { subject: "VXLAN", network, measures: ALL_MEASURES, pids: {}, course };
};

async function wireguard(ground: Ground, subject: Subject, program: string): Promise<Lane> {
  const network = await create(ground, "veth");
  const tunnel = ground.stack.use(await WireguardTunnel.start(network, { mtu: TUNNEL_MTU, program }));
  const [desktop = 0, vm = 0] = tunnel.pids;
  const course = containerCourses(network, WIREGUARD_MAC_ADDRESS);
  return { subject, network, measures: ALL_MEASURES, pids: { desktop, vm }, course };
}

async function connector(ground: Ground, subject: Subject, link: Link): Promise<Lane> {
  const network = await create(ground, link);
  const container = await addIpv6(network);
  const config = `${defaultConfig(network)}route ${IPV6_SUBNET}\npath udp\n`;
  const options = { config, mtu: TUNNEL_MTU, heartbeat: SHIPPED_HEARTBEAT };
  const tunnel = ground.stack.use(await Tunnel.start(network, options));
  await waitUntil("IPv6 connects", () => reachable(network.mac, container, 1));
  const pids = { desktop: tunnel.server.process.pid, vm: tunnel.client.process.pid };
  return {
    subject,
    network,
    measures: ALL_MEASURES,
    pids: link === "veth" ? pids : { ...pids, network: network.userSpace.gvproxy.pid },
    course: containerCourses(network, SERVER_VIRTUAL_ADDRESS),
    ipv6Course: containerCourses(network, SERVER_VIRTUAL_ADDRESS_6, container),
  };
}

/**
 * Connections of the machine to the desktop. They are made by the machine in both directions, since it has no address
 * that the desktop reaches. gvproxy ends each of them and answers echoes itself, so a round trip of ping would not be one
 * through it; and it makes a socket of each UDP flow, so there are no datagrams towards a machine without one.
 */
const gvproxyAlone: Build = async (ground) => {
  const network = await create(ground, "user-space", { containers: [] });
  const { mac, vm, macAddress: address } = network;
  return {
    subject: "gvproxy alone",
    network,
    measures: { streams: [1, 8], udp: false, loads: [] },
    pids: { network: network.userSpace.gvproxy.pid },
    course: (direction) =>
      direction === "to" ? { from: mac, to: vm, address, isReversed: true } : { from: vm, to: mac, address },
  };
};

/** A line of history: one stream is enough to see what offload of TUN and UDP brought wireguard-go in 2023. */
const oldWireguard: Build = async (ground) => ({
  ...await wireguard(ground, "wireguard-go of 2022", OWN_WIREGUARD_GO),
  measures: { streams: [1], udp: false, loads: [] },
  pids: {},
});

const BUILDS: Readonly<Partial<Record<Subject, Build>>> = {
  "plain route": plainRoute,
  "VXLAN": vxlan,
  "wireguard-go": (ground) => wireguard(ground, "wireguard-go", ground.newest.path),
  "wireguard-go of 2022": oldWireguard,
  "docker-connector": (ground) => connector(ground, "docker-connector", "veth"),
  "docker-connector over gvproxy": (ground) =>
    connector(ground, "docker-connector over gvproxy", "user-space"),
  "docker-connector by the engine path": ({ stack }) => layOutEnginePath(stack),
  "gvproxy alone": gvproxyAlone,
  "exec stream": ({ stack }) => layOutExecStream(stack),
};

/** Lays the lanes of some subjects out, each carrying packets. */
export async function layOut(ground: Ground, subjects: ReadonlySet<Subject>): Promise<Lane[]> {
  const lanes: Lane[] = [];
  for (const [subject, build] of Object.entries(BUILDS)) {
    if (!subjects.has(subject as Subject)) continue;
    const lane = await build(ground);
    const course = lane.course?.("to");
    if (course !== undefined && course.isReversed !== true) {
      await waitUntil(`${subject} connects`, () => reachable(course.from, course.address, 1));
    }
    lanes.push(lane);
  }
  return lanes;
}
