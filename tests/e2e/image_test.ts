import assert from "node:assert/strict";
import { IMAGE } from "../../tools/release/names.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { CLIENT_NAME, ImageTunnel } from "../topology/image_tunnel.ts";
import { reachable } from "../topology/ping.ts";
import { CLIENT_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { pause, waitUntil } from "../topology/wait.ts";

/** The original's command, with this image. */
const AS_EVER = `run -it -d --restart always --net host --cap-add NET_ADMIN --name ${CLIENT_NAME} ${IMAGE}`;
const START = `run -d --net host --name ${CLIENT_NAME}`;
/** From `docker run` to the first echo, in milliseconds. */
const START_LIMIT = 5_000;
/** Beyond the third heartbeat of half a second that is not answered, which makes the other end a silent one. */
const SILENCE = 3_000;

for (const backend of ["nft", "legacy"] as const) {
  networkTest(`the image runs beside iptables-${backend}`, { containers: [] }, async (network, t) => {
    const { mac, folder } = network;
    await using tunnel = await ImageTunnel.start(network, backend);
    const { rules } = tunnel;
    const docker = (line: string) => tunnel.docker(line);
    const step = (name: string, body: () => Promise<void>) => t.step(name, () => tunnel.withTranscript(body));
    const before = await rules.save();

    await step("by the original's command", async () => {
      const start = performance.now();
      await docker(AS_EVER);
      await waitUntil("an echo comes", () => reachable(mac, CLIENT_VIRTUAL_ADDRESS, 1));
      const took = performance.now() - start;
      assert.ok(took < START_LIMIT, `it took ${took} ms`);
      await tunnel.comesUp();
    });

    await step("is started again by Docker when it is killed", async () => {
      const pid = await docker(`container inspect --format {{.State.Pid}} ${CLIENT_NAME}`);
      Deno.kill(Number(pid), "SIGKILL");
      const ask = `container inspect --format {{.RestartCount}} ${CLIENT_NAME}`;
      await waitUntil("it is started again", async () => await docker(ask) === "1");
      await tunnel.comesUp();
    });

    // The image's own interval is long, and the same with either backend.
    if (backend === "nft") await step("is healthy", () => tunnel.becomes("healthy", 30_000));

    await step("leaves no rule when it is stopped", async () => {
      await docker(`stop ${CLIENT_NAME}`);
      assert.equal(await rules.save(), before);
    });

    await step("takes out what a killed one left", async () => {
      await docker(`start ${CLIENT_NAME}`);
      await tunnel.comesUp();
      await docker(`kill ${CLIENT_NAME}`);
      const tag = ["-m", "comment", "--comment", "docker-connector", "-j", "ACCEPT"];
      await rules.iptables("-I", "DOCKER-USER", "-i", "br-gone", ...tag);
      await docker(`start ${CLIENT_NAME}`);
      await tunnel.comesUp();
      await docker(`rm --force ${CLIENT_NAME}`);
    });

    await step("is back after it was removed, and after a pause", async () => {
      await docker(`${START} --cap-add NET_ADMIN ${IMAGE} --heartbeat 500`);
      await tunnel.comesUp();
      await docker(`pause ${CLIENT_NAME}`);
      await pause(SILENCE);
      assert.equal(await reachable(mac, CLIENT_VIRTUAL_ADDRESS, 1), false);
      await docker(`unpause ${CLIENT_NAME}`);
      await tunnel.comesUp();
    });

    await step("reads Docker's chains beside a rule of an extension that the image has not", async () => {
      await docker(`stop ${CLIENT_NAME}`);
      await rules.iptables("-A", "INPUT", "-m", "length", "--length", "64", "-j", "RETURN");
      const foreign = await rules.save();
      await docker(`start ${CLIENT_NAME}`);
      await tunnel.comesUp();
      await docker(`stop ${CLIENT_NAME}`);
      assert.equal(await rules.save(), foreign);
      await rules.iptables("-F", "INPUT");
    });

    await step(
      "keeps its rules beside such a rule in its own chain, says so, and takes them out again",
      async () => {
        await rules.iptables("-A", "DOCKER-USER", "-m", "length", "--length", "64", "-j", "RETURN");
        const foreign = await rules.save();
        await docker(`start ${CLIENT_NAME}`);
        await tunnel.comesUp();
        // Earlier starts of this container read everything.
        await waitUntil(
          "the client tells of the rule",
          async () =>
            /Cannot read rule \d+ of chain DOCKER-USER in table filter of iptables-\w+: its extension is not installed/
              .test(await tunnel.machine.engine.logs(CLIENT_NAME)),
        );
        assert.ok((await rules.save()).includes("--comment docker-connector -j ACCEPT"));
        await docker(`stop ${CLIENT_NAME}`);
        assert.equal(await rules.save(), foreign);
        await rules.iptables("-D", "DOCKER-USER", "-m", "length", "--length", "64", "-j", "RETURN");
      },
    );

    await step("is replaced by another version", async () => {
      const next = `${folder}/next`;
      await Deno.mkdir(next);
      await Deno.writeTextFile(
        `${next}/Dockerfile`,
        `FROM ${IMAGE}\nLABEL org.opencontainers.image.version=next\n`,
      );
      await docker(`build --quiet --tag ${IMAGE}:next ${next}`);
      await docker(`rm --force ${CLIENT_NAME}`);
      await docker(`${START} --cap-add NET_ADMIN ${IMAGE}:next`);
      await tunnel.comesUp();
      await docker(`stop ${CLIENT_NAME}`);
      assert.equal(await rules.save(), before);
      await docker(`rm ${CLIENT_NAME}`);
    });

    await step("with the least that it needs, and tells its health", async () => {
      const rights = "--cap-drop ALL --cap-add NET_ADMIN --cap-add NET_RAW --security-opt no-new-privileges";
      const health = "--health-interval 1s --health-retries 1";
      const names = "--add-host desktop:10.77.0.1 --env DOCKER_CONNECTOR_HOST=desktop";
      const rest =
        `--device /dev/net/tun --read-only --tmpfs /run ${health} ${names} ${IMAGE} --heartbeat 500`;
      await docker(`${START} ${rights} ${rest}`);
      await tunnel.comesUp();
      await tunnel.becomes("healthy", 10_000);
      await tunnel.server.stop();
      await tunnel.becomes("unhealthy", 10_000);
      tunnel.server.start();
      await tunnel.becomes("healthy", 10_000);
      await tunnel.comesUp();
      await docker(`stop ${CLIENT_NAME}`);
      assert.equal(await rules.save(), before);
      await docker(`rm ${CLIENT_NAME}`);
    });

    await step("with a read-only /run too, but without health", async () => {
      const health = "--health-interval 1s --health-retries 1 --health-start-period 1s";
      await docker(`${START} --cap-add NET_ADMIN --read-only ${health} ${IMAGE}`);
      await tunnel.comesUp();
      const logs = await tunnel.machine.engine.logs(CLIENT_NAME);
      assert.match(logs, / warn .*Cannot open control socket \/\S+\/docker-connector-client\.sock: /);
      await tunnel.becomes("unhealthy", 10_000);
      await docker(`stop ${CLIENT_NAME}`);
      assert.equal(await rules.save(), before);
      await docker(`rm ${CLIENT_NAME}`);
    });

    await step("says what it lacks", async () => {
      await docker(`${START} --cap-add NET_ADMIN --cap-drop MKNOD ${IMAGE}`);
      assert.equal(await docker(`wait ${CLIENT_NAME}`), "77");
      const logs = await tunnel.machine.engine.logs(CLIENT_NAME);
      assert.match(
        logs,
        /^docker-connector-client: Cannot make \/dev\/net\/tun: not permitted\. .*--device \/dev\/net\/tun/m,
      );
    });
  }, ENGINE_NEEDS);
}
