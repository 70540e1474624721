/**
 * A tunnel as it stands idle on a desktop: its server has an Engine, keeps the client there and chooses among the paths to it.
 *
 * @module
 */
import { startEngineScene } from "./engine_path.ts";
import type { Lane } from "./lanes.ts";
import type { Ground } from "./topologies.ts";

/** Lays it out. It takes part in nothing else: the Engine's firewall is not that of the other lanes. */
export async function layOutIdleTunnel({ stack }: Ground): Promise<Lane> {
  const { scene: { network }, pids } = await startEngineScene(stack, { link: "user-space", config: "" });
  return {
    subject: "docker-connector",
    network,
    measures: { streams: [], udp: false, loads: [] },
    pids,
  };
}
