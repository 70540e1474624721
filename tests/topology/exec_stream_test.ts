import assert from "node:assert/strict";
import { DockerEngine } from "./docker_engine.ts";
import { runExecEchoes, runExecStream } from "./exec_stream.ts";
import { COMPILER_NEEDS, ENGINE_NEEDS } from "./gate.ts";
import { runPageContainer } from "./page_container.ts";
import { networkTest } from "./tunnel_test_case.ts";
import { waitUntil } from "./wait.ts";

const NEEDS = {
  programs: [...ENGINE_NEEDS.programs, ...COMPILER_NEEDS.programs],
  packages: [...ENGINE_NEEDS.packages, ...COMPILER_NEEDS.packages],
};

networkTest(
  "a stream of docker exec carries bytes both ways and echoes, and leaves no process behind",
  { containers: [] },
  async (network) => {
    await using engine = new DockerEngine(network);
    await engine.start();
    await runPageContainer(engine, network.folder, "stream");
    const processes = async () => (await engine.docker("top", "stream")).trim().split("\n").length;
    const before = await processes();
    for (const direction of ["to", "from"] as const) {
      const { bytes, seconds } = await runExecStream(engine, "stream", direction, 0.2);
      assert.ok(bytes > 100_000, `${direction}: ${bytes} bytes`);
      assert.ok(seconds >= 0.2, `${direction}: ${seconds} s`);
    }
    const times = await runExecEchoes(engine, "stream", 0.2);
    assert.ok(times.length > 0 && times.every((time) => time > 0));
    await waitUntil("no command is left in the container", async () => await processes() === before);
  },
  NEEDS,
);
