import assert from "node:assert/strict";
import { DockerEngine } from "./docker_engine.ts";
import { ENGINES } from "./engines.ts";
import { topologyTest } from "./gate.ts";
import { Network } from "./network.ts";
import { runPageContainer } from "./page_container.ts";

/** Whether a process is there and no zombie: those have no program. */
async function runs(pid: number): Promise<boolean> {
  return await Deno.readLink(`/proc/${pid}/exe`).then(() => true, () => false);
}

for (const kind of ENGINES) {
  topologyTest(`no container outlives a killed ${kind.title} and its network`, async () => {
    const network = await Network.create({ containers: [] });
    let pid = 0;
    try {
      await using engine = new DockerEngine(network, { kind });
      await engine.start();
      await runPageContainer(engine, network.folder, "page");
      if (!kind.isPodman) pid = Number(await engine.docker("inspect", "--format", "{{.State.Pid}}", "page"));
      await engine.kill();
      // Podman's are of a process namespace of their own, which ends with it.
      if (!kind.isPodman) assert.ok(await runs(pid), "it ended with its Engine");
    } finally {
      await network[Symbol.asyncDispose]();
    }
    assert.equal(await runs(pid), false);
    for await (const { name } of Deno.readDir("/proc")) {
      const mounts = await Deno.readTextFile(`/proc/${name}/mountinfo`).catch(() => "");
      // Another test's Engine may have copies of this one's mounts.
      const root = mounts.split("\n").find((line) => /^(\S+ ){4}\/ /.test(line));
      assert.ok(root?.includes(network.folder) !== true, `process ${name} is left`);
    }
  }, kind.needs);
}
