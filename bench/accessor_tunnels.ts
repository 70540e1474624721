/**
 * The compiled docker-accessor with its server, and wireguard-go between the same two machines of a local network.
 *
 * @module
 */
import { generateToken, TOKEN_ENTROPY } from "../core/token/strength.ts";
import { startAccessor } from "../tests/topology/accessor.ts";
import { Network } from "../tests/topology/network.ts";
import { EXPOSED_PORT } from "../tests/topology/session_pair.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../tests/topology/tunnel.ts";
import { type Course, type Lane, TUNNEL_MTU } from "./lanes.ts";
import type { Direction } from "./metrics.ts";
import { type Ground, SHIPPED_HEARTBEAT } from "./topologies.ts";
import { WIREGUARD_MAC_ADDRESS, WireguardTunnel } from "./wireguard.ts";

/** The accessor's address in the tunnel. */
const ACCESSOR_ADDRESS = "192.168.251.3";

/** What accessor.ts measures; the lanes take no part in the rest, but for their processes. */
const MEASURES = { streams: [1], udp: false, loads: ["idle"] } as const;

/** Between the accessor's machine and the server's own address. The accessor's machine makes every connection. */
function serverCourses(network: Network, address: string): (direction: Direction) => Course {
  const { mac } = network;
  const { namespace } = network.lan();
  return (direction) =>
    direction === "to"
      ? { from: namespace, to: mac, address }
      : { from: mac, to: namespace, address, isReversed: true };
}

async function accessor({ stack }: Ground): Promise<Lane> {
  const network = stack.use(await Network.create({ lans: 1, link: "veth" }));
  const token = generateToken(crypto.getRandomValues(new Uint8Array(TOKEN_ENTROPY)));
  const config = [
    `route ${network.container().subnet} expose`,
    `expose 0.0.0.0:${EXPOSED_PORT}`,
    `token ${token} ${ACCESSOR_ADDRESS}`,
    "",
  ].join("\n");
  const tunnel = stack.use(
    await Tunnel.start(network, { config, mtu: TUNNEL_MTU, heartbeat: SHIPPED_HEARTBEAT }),
  );
  const joined = stack.use(await startAccessor({ network, lan: network.lan(), token }));
  const pids = { desktop: tunnel.server.process.pid, accessor: joined.process.pid };
  const course = serverCourses(network, SERVER_VIRTUAL_ADDRESS);
  const version = (await joined.status())?.dataPlane.cipher ?? "";
  return { subject: "accessor", network, measures: MEASURES, pids, course, version };
}

async function wireguard({ stack, newest }: Ground): Promise<Lane> {
  const network = stack.use(await Network.create({ lans: 1, link: "veth" }));
  const options = { mtu: TUNNEL_MTU, program: newest.path, peer: "lan" } as const;
  stack.use(await WireguardTunnel.start(network, options));
  const course = serverCourses(network, WIREGUARD_MAC_ADDRESS);
  return { subject: "wireguard-go", network, measures: MEASURES, pids: {}, course };
}

/** Both, each carrying packets. */
export async function layOutAccessors(ground: Ground): Promise<Lane[]> {
  return [await wireguard(ground), await accessor(ground)];
}
