import assert from "node:assert/strict";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { mustRun } from "../topology/process.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { pause } from "../topology/wait.ts";

/** Milliseconds without a packet after which the server watches its paths no more (core/path/); nothing tells of that. */
const REST = 2_000;
/** Milliseconds between two echoes, and until another path has them (docs/internals/paths.md), with some to spare. */
const INTERVAL = 50;
const TAKEOVER_LIMIT = 2_300;

networkTest(
  "a path that fails while nothing moves gives way within 2 s of the first packet",
  { containers: [], link: "user-space" },
  async (network) => {
    await using scene = await EngineScene.start(network, DEFAULT_ENGINE);
    const address = await scene.machine.runPage("page");
    await scene.answers(address, "page");
    await scene.withTranscript(async () => {
      await scene.server.waitForStatus("the other path could take over", ({ paths: { inUse, list } }) => {
        return inUse === "engine" && list.some(({ kind, state }) => kind === "udp" && state === "standby");
      });
      await pause(REST);
      const pids = (await mustRun(["ip", "netns", "pids", network.vm.name])).split("\n").filter((pid) =>
        pid !== ""
      );
      const names = await Promise.all(
        pids.map((pid) => Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "")),
      );
      const engines = pids.filter((_, index) => names[index]?.trim() === "dockerd").map(Number);
      assert.ok(engines.length > 0);
      for (const pid of engines) Deno.kill(pid, "SIGSTOP");
      try {
        const echoes = ["-i", String(INTERVAL / 1000), "-c", "100", "-w", "5"];
        const { stdout } = await network.mac.run(["ping", "-n", ...echoes, address], {
          env: { LC_ALL: "C" },
        });
        const first = Number(/icmp_seq=(\d+) ttl/.exec(stdout)?.[1] ?? Infinity);
        assert.ok(first * INTERVAL <= TAKEOVER_LIMIT, `the first answer was that of echo ${first}`);
        assert.equal((await scene.server.status())?.paths.inUse, "udp");
      } finally {
        for (const pid of engines) Deno.kill(pid, "SIGCONT");
      }
    });
  },
  DEFAULT_ENGINE.needs,
);
