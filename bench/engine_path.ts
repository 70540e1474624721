/**
 * The compiled programs with a real Engine: the server keeps its client in a container there, as users have it.
 *
 * @module
 */
import { CLIENT_CONTAINER, EngineScene } from "../tests/topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../tests/topology/engines.ts";
import { Namespace } from "../tests/topology/namespace.ts";
import { type Link, Network } from "../tests/topology/network.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../tests/topology/tunnel.ts";
import type { Course, Lane } from "./lanes.ts";
import { LOADS } from "./metrics.ts";

/** The container that the traffic goes to. */
const CONTAINER = "bench";

/** What stands between desktop and machine, and the server's config file. */
interface Setting {
  readonly link: Link;
  readonly config: string;
}

/** Starts Engine, server and container, and waits until the server can use every path but `direct`. */
export async function startEngineScene(
  stack: AsyncDisposableStack,
  { link, config }: Setting,
): Promise<{ readonly scene: EngineScene; readonly address: string; readonly pids: Lane["pids"] }> {
  const network = stack.use(await Network.create({ containers: [], link }));
  const scene = stack.use(await EngineScene.prepare(network, DEFAULT_ENGINE));
  const address = await scene.machine.runPage(CONTAINER);
  await scene.startServer({ config });
  await scene.answers(address, CONTAINER);
  await scene.server.waitForStatus("udp and engine are up", ({ paths: { list } }) => {
    return list.every(({ kind, state }) => kind === "direct" || state !== "down");
  });
  const ends = { desktop: scene.server.process.pid, vm: Number(await pidOf(scene, CLIENT_CONTAINER)) };
  const pids = link === "veth" ? ends : { ...ends, network: network.userSpace.gvproxy.pid };
  return { scene, address, pids };
}

/** The first process of a container, as the host counts. */
async function pidOf(scene: EngineScene, container: string): Promise<string> {
  return await scene.docker(`inspect -f {{.State.Pid}} ${container}`);
}

/** Packets through the Engine's socket, behind the network in user space whose datagrams the other lane has. */
export async function layOutEnginePath(stack: AsyncDisposableStack): Promise<Lane> {
  const setting = { link: "user-space", config: "path engine\n" } as const;
  const { scene, address, pids } = await startEngineScene(stack, setting);
  const { network, machine, server } = scene;
  await server.waitForStatus("packets go by the Engine", ({ paths }) => paths.inUse === "engine");
  const { mac, prefix } = network;
  const container = await Namespace.attach(`${prefix}-${CONTAINER}`, await pidOf(scene, CONTAINER));
  const course = (direction: "to" | "from"): Course =>
    direction === "to"
      ? { from: mac, to: container, address }
      : { from: container, to: mac, address: SERVER_VIRTUAL_ADDRESS };
  return {
    subject: "docker-connector by the engine path",
    network,
    version: machine.engine.version,
    measures: { streams: [1, 8], udp: false, loads: LOADS },
    pids,
    course,
  };
}
