/**
 * The stream of `docker exec` through a real Engine's socket, beside the tunnels.
 *
 * @module
 */
import { DockerEngine } from "../tests/topology/docker_engine.ts";
import { runExecEchoes, runExecStream } from "../tests/topology/exec_stream.ts";
import { Network } from "../tests/topology/network.ts";
import { runPageContainer } from "../tests/topology/page_container.ts";
import type { Lane } from "./lanes.ts";

const CONTAINER = "bench";
/** Seconds of round trips. */
const ECHO_SECONDS = 2;

/**
 * An Engine of its own with one container of busybox. There is no tunnel and no network between the two ends: the unix
 * socket of the Engine is opened as the desktop's end of the real one would be.
 */
export async function layOutExecStream(stack: AsyncDisposableStack): Promise<Lane> {
  const network = stack.use(await Network.create({ containers: [], link: "veth" }));
  const engine = stack.use(new DockerEngine(network));
  await engine.start();
  await runPageContainer(engine, network.folder, CONTAINER);
  return {
    subject: "exec stream",
    network,
    version: engine.version,
    measures: { streams: [1], udp: false, loads: ["idle"] },
    pids: {},
    byteStream: {
      carry: async (direction, seconds) => {
        const report = await runExecStream(engine, CONTAINER, direction, seconds);
        return { bytes: report.bytes, bitsPerSecond: report.bytes * 8 / report.seconds };
      },
      echo: () => runExecEchoes(engine, CONTAINER, ECHO_SECONDS),
    },
  };
}
