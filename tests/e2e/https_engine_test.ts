import assert from "node:assert/strict";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

const STATE = "/var/lib";

networkTest(
  "HTTPS needs nothing but its line where the server starts the client, also on the engine path",
  { containers: [] },
  async (network) => {
    const { mac, folder } = network;
    await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
    const address = await scene.machine.runPage("page", "--label", "docker-connector.http-port=8080");
    await Deno.mkdir(`${folder}/state`);
    const mount = `mount --bind ${folder}/state ${STATE} && exec "$@"`;
    await scene.startServer({
      config: "https on\npath engine\n",
      serverWrapper: ["unshare", "--mount", "sh", "-c", mount, "sh"],
    });
    await scene.withTranscript(async () => {
      await scene.uses("engine");
      const to = ["--resolve", `page.container.internal:443:${address}`];
      // The authority's own certificate is in the file with its key.
      const authority = ["--cacert", `${folder}/state/docker-connector/authority-container.internal.pem`];
      const argv = [
        "curl",
        "-sS",
        "--max-time",
        "5",
        ...authority,
        ...to,
        "https://page.container.internal/",
      ];
      await waitUntil("the page comes", async () => {
        const { stdout } = await mac.run(argv);
        return stdout.trim() === "page of page";
      }, 20_000);
      assert.equal((await scene.server.status())?.paths.inUse, "engine");
    });
  },
  DEFAULT_ENGINE.needs,
);
