/** Who else attaches to the client in its container, and who else is at the other end of the stream. */
import assert from "node:assert/strict";
import { IMAGE } from "../../tools/release/names.ts";
import { EngineClient } from "../../system/docker/engine_client.ts";
import { openExecStream } from "../../system/docker/exec_stream.ts";
import { CLIENT_CONTAINER, EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { ExecPeer } from "../topology/exec_peer.ts";
import { Namespace } from "../topology/namespace.ts";
import { run } from "../topology/process.ts";
import { Transfer } from "../topology/transfer.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { fetchPage } from "../topology/web.ts";

const ATTACH = ["docker-connector-client", "attach"];
/** Exit status for a command that was called wrongly: EX_USAGE of sysexits.h. */
const EX_USAGE = 64;
/** Milliseconds until the server has its stream again, and the stranger has none. */
const BACK_LIMIT = 5_000;
/** How often a stranger attaches: a path that is lost once more within a minute is kept out for a minute. */
const ROUNDS = 2;

const KEY = "correct-horse-battery-staple";

networkTest(
  "strangers who run attach in the client's container",
  { containers: [], link: "user-space" },
  async (network, t) => {
    await using scene = await EngineScene.start(network, DEFAULT_ENGINE);
    const { machine: { engine }, server } = scene;
    const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));
    const address = await scene.machine.runPage("page");
    await scene.answers(address, "page");
    await scene.uses("engine");
    const endings = () =>
      server.process.stderr.lines.filter((line) => line.includes("engine is down")).length;

    await step("attach by hand is refused with what to do, and changes nothing", async () => {
      const before = endings();
      for (
        const [options, state] of [
          [["--tty"], /Cannot hand over standard input: it is a terminal/],
          [[], /Cannot hand over standard input: it is neither a pipe nor a stream socket/],
        ] as const
      ) {
        const argv = ["docker", "exec", ...options, CLIENT_CONTAINER, ...ATTACH];
        const { code, stdout, stderr } = await run(argv, { env: engine.environment });
        assert.equal(code, EX_USAGE);
        assert.match(stdout + stderr, state);
        assert.match(stdout + stderr, /docker-connector starts this command itself/);
      }
      assert.equal(await fetchPage(network.mac, address), "page of page");
      assert.equal((await server.status())?.paths.inUse, "engine");
      assert.equal(endings(), before);
    });

    await step(
      "a stranger's stream ends when the server takes its own again, and connections stay",
      async () => {
        const pid = await scene.docker("inspect --format {{.State.Pid}} page");
        const container = await Namespace.attach(`${network.prefix}-page`, pid);
        const ends = { from: container, address, to: network.mac };
        await using running = await Transfer.start({ ...ends, bytes: 60_000_000, rate: 5_000_000 });
        const client = await EngineClient.connect(engine.socket);
        for (let round = 0; round < ROUNDS; round++) {
          const start = performance.now();
          const stream = await openExecStream(client, CLIENT_CONTAINER, ATTACH);
          try {
            using peer = new ExecPeer(stream.descriptor);
            const { errors } = await peer.untilEnd(BACK_LIMIT);
            assert.equal(errors, "");
          } finally {
            stream.close();
          }
          scene.times.push(`a stranger had the stream for ${Math.round(performance.now() - start)} ms`);
        }
        const { longestGapMs } = await running.finish();
        scene.times.push(`nothing came for ${longestGapMs.toFixed()} ms at most`);
        await scene.uses("engine", performance.now(), 30_000);
        assert.equal(await fetchPage(network.mac, address), "page of page");
      },
    );
    console.log(scene.times.map((line) => `  ${line}`).join("\n"));
  },
  DEFAULT_ENGINE.needs,
);

networkTest(
  "the key is proven on the engine path too",
  { containers: [], link: "user-space" },
  async (network, t) => {
    await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
    const { machine } = scene;
    const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));
    const address = await machine.runPage("page");
    // As the original's documentation starts it, with a key.
    await scene.docker(
      `run -it -d --restart always --net host --cap-add NET_ADMIN --name ${CLIENT_CONTAINER} ` +
        `--env DOCKER_CONNECTOR_KEY=${KEY} ${IMAGE}`,
    );
    await network.userSpace.dropUdp(true);
    await scene.startServer({ config: "key of-another-server\npath engine\n" });
    const { server } = scene;

    await step("a client without the server's key gets nothing and gives nothing", async () => {
      const status = await server.waitForStatus(
        "its heartbeats are refused",
        ({ counters }) => (counters.drops["heartbeatRefused"] ?? 0) > 0,
      );
      assert.deepEqual([status.paths.inUse, status.client], [null, null]);
      await assert.rejects(fetchPage(network.mac, address, 8080, 2_000));
      const { paths } = await server.status() ?? assert.fail("the server has no status");
      assert.equal(paths.inUse, null);
      const engine = paths.list.find(({ kind }) => kind === "engine");
      assert.deepEqual([engine?.state, engine?.sent?.packets, engine?.received?.packets], ["down", 0, 0]);
      assert.equal(engine?.reason, "its client has not proven itself");
    });

    await step("with the same key the user's own client is reached", async () => {
      await server.stop();
      await Deno.writeTextFile(scene.configFile, `key ${KEY}\npath engine\n`);
      server.start();
      await scene.answers(address, "page");
      const { paths, docker } = await server.status() ?? assert.fail("the server has no status");
      assert.deepEqual([paths.inUse, docker.container?.state], ["engine", "external"]);
    });
  },
  DEFAULT_ENGINE.needs,
);
