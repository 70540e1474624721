/** Commands that look at a real Engine and at packets on the path through it. */
import assert from "node:assert/strict";
import { CAPTURE_NEEDS } from "../topology/capture.ts";
import { binary } from "../topology/daemon.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { mustRun } from "../topology/process.ts";
import { onTerminal } from "../topology/terminal.ts";
import { transfer } from "../topology/transfer.ts";
import { defaultConfig, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

/** Bytes of a transfer, and bytes that no packet has but one that the kernel has not cut. */
const BYTES = 5_000_000;
const LARGE = 10_000;

networkTest("commands beside a real Engine", { containers: [1] }, async (network, t) => {
  const { mac, folder } = network;
  const { namespace, subnet } = network.container();
  await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);

  await t.step("run shows on a terminal how far the image is, in one line", async () => {
    const { engine } = scene.machine;
    await engine.docker("system", "prune", "--all", "--force");
    const config = `${folder}/shown.conf`;
    await Deno.writeTextFile(config, "");
    const words = [
      binary("docker-connector"),
      "run",
      "--config",
      config,
      "--control",
      `${folder}/shown.sock`,
    ];
    await using shown = mac.spawn(onTerminal(words), {
      env: { TERM: "xterm", DOCKER_HOST: `unix://${engine.socket}` },
    });
    await shown.stdout.waitFor(/packets go by the \w+ path/, { deadline: 20_000 });
    await shown.send("\x03");
    assert.equal((await shown.wait()).code, 0);
    const text = shown.stdout.lines.join("\n");
    // deno-lint-ignore no-control-regex
    assert.match(text, /\r\[#*\.*\] +\d+ % loading image: upload [\d.]+ of [\d.]+ MB\x1b\[K/);
    assert.match(text, /starting: the client container is made ready/);
    // No line of the log begins behind the bar.
    assert.doesNotMatch(text, /MB[^\n\r]*\d{4}-\d\d-\d\dT/);
  });

  await scene.startServer({ config: `${defaultConfig(network)}path engine\n` });
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));
  await scene.withTranscript(async () => void await scene.uses("engine", 0, 15_000));
  const control = ["--control", scene.server.settings.control];
  const words = (...args: string[]) => [binary("docker-connector"), ...args, ...control];

  await step("logs --client shows the log of the client container, and follows it", async () => {
    const once = await mac.run(words("logs", "--client", "-n", "1"));
    assert.equal(once.code, 0, once.stderr);
    assert.match(once.stderr, /the log is that of container mac-connector at /);
    assert.match(once.stdout, /^\S+Z [^\n]+$/);
    const following = mac.spawn(words("logs", "--client", "-f"));
    await following.stdout.waitFor(/client: tunnel is up/);
    await scene.docker("kill --signal HUP mac-connector");
    await following.stdout.waitFor(/SIGHUP: nothing to do/);
    following.signal("SIGINT");
    assert.equal((await following.wait()).code, 0, following.stderr.tail());
  });

  await step("logs says what keeps the log where no service does", async () => {
    const { code, stderr } = await mac.run(words("logs"));
    assert.equal(code, 69, stderr);
    assert.ok(
      stderr.includes(`whatever started docker-connector (process ${scene.server.process.pid})`),
      stderr,
    );
  });

  await step("large packets on the engine path are captured whole", async () => {
    const file = `${folder}/engine.pcap`;
    const capturing = mac.spawn(words("capture", "--network", subnet, file));
    await capturing.stderr.waitFor(/capturing packets/);
    const to = { from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace, bytes: BYTES };
    assert.equal((await transfer(to)).bytes, BYTES);
    capturing.signal("SIGINT");
    assert.equal((await capturing.wait()).code, 0, capturing.stderr.tail());
    const lines = (await mustRun(["tcpdump", "-n", "-r", file])).split("\n");
    const lengths = lines.map((line) => Number(/, length (\d+)$/.exec(line)?.[1] ?? 0));
    assert.ok(Math.max(...lengths) > LARGE, `${Math.max(...lengths)}`);
    const carried = lengths.reduce((total, length) => total + length, 0);
    const [, dropped] = /(\d+) dropped/.exec(capturing.stderr.tail()) ?? [];
    assert.ok(carried >= BYTES || Number(dropped) > 0, `${carried}, ${dropped} dropped`);
  });
}, { programs: ["tcpdump", "script"], packages: [...CAPTURE_NEEDS.packages, "bsdutils"] });
