/**
 * A tunnel as it stands idle on a desktop: its server has an Engine whose networks it follows. One without goes on looking for it.
 *
 * @module
 */
import { DockerEngine } from "../tests/topology/docker_engine.ts";
import { Network } from "../tests/topology/network.ts";
import { Tunnel } from "../tests/topology/tunnel.ts";
import { type Lane, TUNNEL_MTU } from "./lanes.ts";
import { type Ground, SHIPPED_HEARTBEAT } from "./topologies.ts";

/** Lays it out. It takes part in nothing else: the Engine's firewall is not that of the other lanes. */
export async function layOutIdleTunnel({ stack }: Ground): Promise<Lane> {
  const network = stack.use(await Network.create({ link: "veth" }));
  const engine = stack.use(new DockerEngine(network));
  await engine.start();
  const options = { mtu: TUNNEL_MTU, heartbeat: SHIPPED_HEARTBEAT, engineSocket: engine.socket };
  const tunnel = stack.use(await Tunnel.start(network, options));
  return {
    subject: "docker-connector",
    network,
    measures: { streams: [], udp: false, loads: [] },
    pids: { desktop: tunnel.server.process.pid, vm: tunnel.client.process.pid },
  };
}
