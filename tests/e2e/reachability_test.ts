/**
 * The server asks containers by the kernel's routes whether they answer, tells which network does not and where its way is
 * broken, and heals what it can. The breaks here are ones that no other part notices: client and paths answer all the time.
 */
import assert from "node:assert/strict";
import type { ServerStatus } from "../topology/control_socket.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

/** Milliseconds within which a break is named. Where containers come and go it is sooner, since each change is a question. */
const NAMED_LIMIT = 15_000;
/** Milliseconds within which an answer is noticed: the period of the questions, and the question. */
const NOTICED_LIMIT = 15_000;
/** Milliseconds of the step in which nothing is broken. */
const SOUND_MS = 6_000;

const WEB = "10.99.0.0/24";

/** Drops packets to a subnet where Docker's machine forwards them, before any rule of the client. */
const RAW_DROP = ["PREROUTING", "--table", "raw", "--destination", WEB, "--jump", "DROP"];

/** Drops the datagrams of packets where the desktop sends them, by their length, and leaves those of heartbeats and probes. */
const PACKET_DROP = [
  ...["OUTPUT", "--table", "raw", "--protocol", "udp", "--source-port", "2511"],
  ...["--match", "length", "--length", "60:", "--jump", "DROP"],
];

/** The networks that are said not to answer, and those that do. */
function states({ docker: { networks } }: ServerStatus): Readonly<Record<string, string>> {
  return Object.fromEntries(networks.map(({ name, reachable = "" }) => [name, reachable]));
}

/** Starts and removes a container again and again until it is disposed of. */
function churn(scene: EngineScene, network: string): AsyncDisposable {
  let isOver = false;
  const work = async () => {
    for (let number = 0; !isOver; number++) {
      const name = `guest${number}`;
      await scene.machine.runPage(name, "--network", network);
      await scene.docker(`rm --force ${name}`);
    }
  };
  const working = work();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await working;
    },
  };
}

networkTest("a network that does not answer is named, and heals", { containers: [] }, async (network, t) => {
  const { mac, vm } = network;
  await using scene = await EngineScene.start(network, DEFAULT_ENGINE);
  const { server, machine } = scene;
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));
  const log = () =>
    server.process.stderr.lines.filter((line) => / network: | fault network\.silent/.test(line));
  const times: string[] = [];
  const becomes = async (name: string, state: string, limit: number): Promise<number> => {
    const start = performance.now();
    await server.waitForStatus(`${name} is ${state}`, (status) => states(status)[name] === state, limit);
    return Math.round(performance.now() - start);
  };
  await scene.docker(`network create --subnet ${WEB} web`);
  await scene.docker("network create --internal --subnet 10.99.1.0/24 inner");
  await machine.engine.createNetwork("six", "10.99.6.0/24", "fd00:99::/64");
  await vm.sysctl("net/ipv6/conf/all/forwarding", "1");
  await machine.runPage("webpage", "--network", "web");
  await machine.runPage("innerpage", "--network", "inner");
  await machine.runPage("sixpage", "--network", "six");

  await step("all networks answer, an internal one and one with IPv6 among them", async () => {
    for (const name of ["web", "inner", "six"]) await becomes(name, "yes", 20_000);
  });

  await step("containers that drop echoes, pause, come and go are no break", async () => {
    await scene.docker("network create quiet");
    const deaf = ["--network", "quiet", "--sysctl", "net.ipv4.icmp_echo_ignore_all=1"];
    await machine.runPage("deaf", ...deaf);
    await machine.runPage("paused", "--network", "inner");
    await scene.docker("pause paused");
    await scene.docker("rm --force innerpage");
    await using _guests = churn(scene, "web");
    await becomes("quiet", "yes", 20_000);
    const end = performance.now() + SOUND_MS;
    await waitUntil("the time is over", async () => {
      const found = states(await server.status() ?? assert.fail("the server has no status"));
      assert.ok(!Object.values(found).includes("no"), JSON.stringify(found));
      return performance.now() > end;
    }, SOUND_MS + 5_000);
    assert.deepEqual(log(), []);
    await becomes("inner", "yes", NOTICED_LIMIT);
  });

  await step("a rule in Docker's machine against one network is named, and its end noticed", async () => {
    await vm.exec(["iptables", "--insert", ...RAW_DROP]);
    times.push(`a dropped network is named after ${await becomes("web", "no", NAMED_LIMIT)} ms`);
    assert.match(
      log().join("\n"),
      /No container of web answers \(asked 10\.99\.0\.\d+\); other networks answer/,
    );
    assert.ok(
      Object.entries(states(await server.status() ?? assert.fail())).every(([name, state]) =>
        state !== "no" || name === "web"
      ),
    );
    await using _guests = churn(scene, "inner");
    const { faults, summary } = await server.waitForStatus(
      "its fault is told",
      (status) => status.faults.some(({ code }) => code === "network.silent"),
    );
    const errors = faults.filter(({ severity }) => severity === "error");
    assert.deepEqual(errors.map(({ code }) => code), ["network.silent"]);
    assert.match(summary, /web/);
    await vm.exec(["iptables", "--delete", ...RAW_DROP]);
    times.push(`its end is noticed after ${await becomes("web", "yes", NOTICED_LIMIT)} ms`);
  });

  await step("a rule of another program before the tunnel's routes is named", async () => {
    await using _guests = churn(scene, "inner");
    await mac.ip("rule", "add", "pref", "10", "to", WEB, "prohibit");
    // It is the route's fault alone: containers behind it are not asked.
    await becomes("web", "unknown", NAMED_LIMIT);
    const { faults } = await server.waitForStatus(
      "the rule is told",
      (status) => status.faults.some(({ code }) => code === "route.diverted"),
      NAMED_LIMIT,
    );
    const errors = faults.filter(({ severity }) => severity === "error");
    assert.deepEqual(errors.map(({ code }) => code), ["route.diverted"]);
    assert.match(
      errors[0]?.text ?? "",
      /Packets for 10\.99\.0\.0\/24 are refused: a routing rule of another program/,
    );
    await mac.ip("rule", "del", "pref", "10", "to", WEB, "prohibit");
    await becomes("web", "yes", NOTICED_LIMIT);
  });

  await step("a path that answers its probes and loses packets is left for another one", async () => {
    assert.equal((await server.status())?.paths.inUse, "udp");
    await mac.exec(["iptables", "--insert", ...PACKET_DROP]);
    await using _guests = churn(scene, "inner");
    const start = performance.now();
    await scene.uses("engine", start, NAMED_LIMIT + 10_000);
    times.push(`a path that loses packets is left after ${Math.round(performance.now() - start)} ms`);
    for (const name of ["web", "six"]) await becomes(name, "yes", 5_000);
    assert.match(
      log().join("\n"),
      /the client does not answer at 192\.168\.251\.1 either, and packets go by the udp path/,
    );
  });
  console.log(times.map((line) => `  ${line}`).join("\n"));
}, DEFAULT_ENGINE.needs);
