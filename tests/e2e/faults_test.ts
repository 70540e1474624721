/** Breaks one thing at a time for real, and reads what `status` makes of it. */
import assert from "node:assert/strict";
import type { CommonStatus } from "../topology/control_socket.ts";
import { binary, type Daemon } from "../topology/daemon.ts";
import { DockerEngine } from "../topology/docker_engine.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { run } from "../topology/process.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";

/** A fault is shown so many milliseconds after its cause. */
const SHOWN_WITHIN = 15_000;

/** Waits until these faults are shown and no others. */
async function shows<S extends CommonStatus>(daemon: Daemon<S>, ...codes: string[]): Promise<S> {
  return await daemon.waitForStatus(
    `the faults are [${codes.join()}]`,
    ({ faults }) => faults.map(({ code }) => code).join() === codes.join(),
    SHOWN_WITHIN,
  );
}

/** What a command of a program prints. */
async function printed<S extends CommonStatus>(daemon: Daemon<S>, command: "status" | "health") {
  const { program, control } = daemon.settings;
  return await run([binary(program), command, "--control", control]);
}

networkTest(
  "a client that is silent or has another key is named, and nothing else",
  {},
  async (network, t) => {
    const config = "docker off\nroute 172.20.0.0/16\n";

    await t.step("silent", async () => {
      await using tunnel = await Tunnel.start(network, { config });
      await withTranscript(tunnel, async () => {
        const { server, client } = tunnel;
        await shows(server);
        assert.match((await printed(server, "status")).stdout, /^up: 1 network reachable by the udp path\n/);
        client.process.signal("SIGSTOP");
        await shows(server, "client.silent");
        const { code, stdout } = await printed(server, "status");
        assert.equal(code, 0);
        assert.match(
          stdout,
          /^The client is silent: .*\nerror: The client is silent.*\(client\.silent\)\n {4}Nothing/,
        );
        client.process.signal("SIGCONT");
        await shows(server);
        const told = server.process.stderr.lines.filter((line) => line.includes("fault client.silent"));
        assert.match(told[0] ?? "", / error fault: .*docker restart mac-connector/);
        assert.match(told[1] ?? "", / info {2}fault: fault client\.silent is over lasted=/);
        assert.equal(told.length, 2);
      });
    });

    await t.step(
      "another key, beside a config file with a mistake; the client names its server",
      async () => {
        await using tunnel = await Tunnel.launch(network, {
          config: `${config}key correct-horse-battery-staple\n`,
          clientArgs: ["--key", "guess"],
        });
        await withTranscript(tunnel, async () => {
          const { server, client } = tunnel;
          await shows(server, "client.wrong-key");
          await Deno.writeTextFile(tunnel.configFile, `${config}rout 172.21.0.0/16\n`);
          const { faults } = await shows(server, "client.wrong-key", "config.invalid");
          assert.match(faults[1]?.text ?? "", /:3:1: /);
          await shows(client, "server.silent");
          const { code, stderr } = await printed(client, "health");
          assert.equal(code, 1);
          assert.match(stderr, /Cannot reach the server: \S+:2511 was heard never\. Start docker-connector/);
        });
      },
    );
  },
);

networkTest(
  "an Engine that is down is named, and not what follows from it",
  { containers: [] },
  async (network) => {
    await using engine = new DockerEngine(network, { backend: "nft" });
    await engine.start();
    await using tunnel = await Tunnel.start(network, { config: "", engineSocket: engine.socket });
    await withTranscript(tunnel, async () => {
      const { server, client } = tunnel;
      await shows(server);
      await client.stop();
      await shows(server, "client.silent");
      await engine.stop();
      const { faults: [fault] } = await shows(server, "docker.engine-down");
      assert.match(fault?.text ?? "", /Docker Engine/);
      assert.match(fault?.remedy ?? "", /^Start Docker/);
      client.start();
      await engine.start();
      const { summary } = await shows(server);
      assert.match(summary, /^(up|starting): /);
    });
  },
  ENGINE_NEEDS,
);
