import assert from "node:assert/strict";
import { GoodEngine, network as listed } from "../fakes/engine.ts";
import type { ServerStatus } from "../topology/control_socket.ts";
import { DockerEngine } from "../topology/docker_engine.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import type { Network } from "../topology/network.ts";
import { reachable } from "../topology/ping.ts";
import { isDarwinServer, SERVER_INTERFACE } from "../topology/server_side.ts";
import { snapshot } from "../topology/snapshot.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { pause, waitUntil } from "../topology/wait.ts";

/** A network is routed this many milliseconds after it was made. */
const EVENT_LIMIT = 1_000;
/** The routes are right this many milliseconds after an Engine answers again. */
const RESTART_LIMIT = 5_000;

/** Networks made in a loop; it is mostly the Engine that takes its time. */
const MANY = isDarwinServer ? 25 : 200;

const DEFAULT_BRIDGE = "172.17.0.0/16";

/** The prefixes that the desktop routes into the tunnel, as the kernel has them. */
async function kernelRoutes(network: Network): Promise<string[]> {
  const text = await network.mac.ip("-4", "route", "show", "dev", SERVER_INTERFACE, "proto", "static");
  return text.split("\n").map((line) => line.trim().split(" ")[0] ?? "").filter((word) => word !== "").sort();
}

/** Waits until these prefixes and no others are routed; the milliseconds it took. */
async function routesBecome(
  network: Network,
  prefixes: readonly string[],
  deadline = 10_000,
): Promise<number> {
  const start = performance.now();
  const wanted = [...prefixes].sort().join();
  await waitUntil(
    `the routes are ${wanted.slice(0, 200)}`,
    async () => (await kernelRoutes(network)).join() === wanted,
    deadline,
  );
  return performance.now() - start;
}

function subnetStates({ docker }: ServerStatus): string[] {
  return docker.networks.flatMap(({ name, subnets }) =>
    subnets.map(({ prefix, state }) => `${name} ${prefix} ${state}`)
  );
}

networkTest("the networks of a Docker Engine are routed", { containers: [] }, async (network, t) => {
  const { mac } = network;
  const before = await snapshot(mac);
  await using engine = new DockerEngine(network);
  await engine.start();
  await engine.createNetwork("early", "10.99.0.0/24");
  await using tunnel = await Tunnel.start(network, { config: "", engineSocket: engine.socket });
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, body));
  const lines = tunnel.server.process.stderr.lines;
  const now = async (): Promise<ServerStatus> => {
    const status = await tunnel.server.status();
    assert.ok(status);
    return status;
  };

  await step("those that are there at the start", async () => {
    await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24"]);
    const { docker, routes } = await now();
    assert.deepEqual([docker.state, docker.socket, docker.fault], ["connected", engine.socket, undefined]);
    const version = JSON.parse(await engine.request("GET", "/version"));
    assert.equal(docker.engine, version.Version);
    assert.deepEqual(routes.find(({ prefix }) => prefix === "10.99.0.0/24"), {
      prefix: "10.99.0.0/24",
      source: "docker",
      network: "early",
      state: "active",
    });
    assert.ok(await reachable(mac, "10.99.0.1"), "the bridge's address does not answer");
  });

  await step("one that is made and removed, within a second", async () => {
    await engine.createNetwork("late", "10.99.1.0/24");
    const added = await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24", "10.99.1.0/24"]);
    assert.ok(added <= EVENT_LIMIT, `it took ${added} ms`);
    assert.ok(await reachable(mac, "10.99.1.1"));
    await engine.removeNetwork("late");
    const removed = await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24"]);
    assert.ok(removed <= EVENT_LIMIT, `it took ${removed} ms`);
  });

  await step("one with IPv6, by both of its subnets", async () => {
    await engine.createNetwork("six", "10.99.6.0/24", "fd00:99::/64");
    await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24", "10.99.6.0/24"]);
    await tunnel.server.waitForStatus(
      "its IPv6 subnet is routed",
      (status) => subnetStates(status).includes("six fd00:99::/64 active"),
    );
    assert.match(await mac.ip("-6", "route"), new RegExp(`^fd00:99::/64 dev ${SERVER_INTERFACE} `, "m"));
    await engine.removeNetwork("six");
    await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24"]);
  });

  await step("not one that clashes with a network of the desktop, as long as it does", async () => {
    await mac.ip("link", "add", "lan0", "type", "bridge");
    await mac.ip("addr", "add", "10.88.5.1/24", "dev", "lan0");
    await mac.ip("link", "set", "lan0", "up");
    await engine.createNetwork("clash", "10.88.0.0/16");
    const status = await tunnel.server.waitForStatus(
      "the clash is told",
      ({ routes }) => routes.some(({ prefix }) => prefix === "10.88.0.0/16"),
    );
    const route = status.routes.find(({ prefix }) => prefix === "10.88.0.0/16");
    assert.equal(route?.state, "failed");
    assert.match(route?.fault ?? "", /clash: clash, this machine reaches 10\.88\.5\.0\/24 by lan0$/);
    assert.deepEqual([route?.cause, route?.owner, route?.other], ["overlap", "lan0", "10.88.5.0/24"]);
    assert.deepEqual(await kernelRoutes(network), [DEFAULT_BRIDGE, "10.99.0.0/24"].sort());
    await mac.ip("link", "del", "lan0");
    await engine.createNetwork("other", "10.99.2.0/24");
    await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24", "10.88.0.0/16", "10.99.2.0/24"]);
    assert.equal(lines.filter((line) => line.includes("clash, this machine")).length, 1);
    await engine.removeNetwork("clash");
    await engine.removeNetwork("other");
    await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24"]);
  });

  await step("not one that the config switches off, and lines of it win", async () => {
    await Deno.writeTextFile(tunnel.configFile, "network bridge off\nroute 10.99.0.0/16\n");
    await routesBecome(network, ["10.99.0.0/16"]);
    assert.deepEqual(subnetStates(await now()), ["bridge 172.17.0.0/16 off", "early 10.99.0.0/24 config"]);
    await Deno.writeTextFile(tunnel.configFile, "loglevel info\n");
    await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24"]);
  });

  await step(
    "while the Engine is stopped the routes stay, and are followed again when it is back",
    async () => {
      const from = lines.length;
      await engine.stop();
      await tunnel.server.waitForStatus(
        "the Engine is missed",
        ({ docker }) => docker.state === "connecting",
      );
      assert.deepEqual(await kernelRoutes(network), [DEFAULT_BRIDGE, "10.99.0.0/24"].sort());
      // Nothing is said when all is well, so the time of several attempts passes.
      await pause(4_000);
      await engine.start();
      await engine.createNetwork("late", "10.99.1.0/24");
      const took = await routesBecome(network, [DEFAULT_BRIDGE, "10.99.0.0/24", "10.99.1.0/24"]);
      assert.ok(took <= RESTART_LIMIT, `it took ${took} ms`);
      const said = lines.slice(from).filter((line) => line.includes("it is tried again"));
      assert.ok(said.length <= 2, said.join("\n"));
      assert.equal(new Set(said.map((line) => line.slice(25))).size, said.length, said.join("\n"));
    },
  );

  await step("after the Engine was killed and another came with other networks", async () => {
    await engine.kill();
    await engine.start("second");
    const took = await routesBecome(network, [DEFAULT_BRIDGE]);
    assert.ok(took <= RESTART_LIMIT, `it took ${took} ms`);
    await engine.createNetwork("new", "10.99.3.0/24");
    const added = await routesBecome(network, [DEFAULT_BRIDGE, "10.99.3.0/24"]);
    assert.ok(added <= EVENT_LIMIT, `it took ${added} ms`);
  });

  await step(`${MANY} that are made in a loop and removed, within a second of the last`, async () => {
    const subnets = Array.from({ length: MANY }, (_, index) => `10.100.${index}.0/24`);
    for (const [index, subnet] of subnets.entries()) await engine.createNetwork(`n${index}`, subnet);
    const added = await routesBecome(network, [DEFAULT_BRIDGE, "10.99.3.0/24", ...subnets]);
    // Several at a time, which is faster.
    for (let first = 0; first < subnets.length; first += 20) {
      const some = subnets.slice(first, first + 20);
      await Promise.all(some.map((_, index) => engine.removeNetwork(`n${first + index}`)));
    }
    const removed = await routesBecome(network, [DEFAULT_BRIDGE, "10.99.3.0/24"]);
    console.log(
      `${MANY} networks: routed ${added.toFixed()} ms after the last, gone ${removed.toFixed()} ms after`,
    );
    assert.ok(added <= EVENT_LIMIT && removed <= EVENT_LIMIT, `it took ${added} and ${removed} ms`);
  });

  await step("and nothing of them stays when the server stops", async () => {
    assert.equal((await tunnel.server.stop()).code, 0);
    assert.equal(await snapshot(mac), before);
    await engine.kill();
  });
}, ENGINE_NEEDS);

networkTest("the Engine of the user's context is found", { containers: [] }, async (network) => {
  const { folder } = network;
  const home = `${folder}/home`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("mine"));
  const context = `${home}/.docker/contexts/meta/${new Uint8Array(digest).toHex()}`;
  const socket = `${folder}/context.sock`;
  await Deno.mkdir(context, { recursive: true });
  await Deno.writeTextFile(`${home}/.docker/config.json`, '{"currentContext":"mine"}');
  await Deno.writeTextFile(
    `${context}/meta.json`,
    JSON.stringify({ Name: "mine", Endpoints: { docker: { Host: `unix://${socket}` } } }),
  );
  await using engine = new GoodEngine(socket, [listed("web", "10.99.0.0/24")]);
  const serverEnv = { DOCKER_HOST: "", DOCKER_CONTEXT: "", SUDO_UID: "", HOME: home };
  await using tunnel = await Tunnel.start(network, { config: "", serverEnv });
  await withTranscript(tunnel, async () => {
    const { docker } = await tunnel.server.waitForStatus(
      "the Engine is found",
      ({ routes }) => routes.some(({ state }) => state === "active"),
    );
    assert.equal(docker.socket, socket);
    assert.equal(docker.api, "1.41");

    // The server goes on with what it knows, however wrong the answers become.
    for (const nonsense of ["nonsense", null, { a: 1 }]) {
      await engine.change(nonsense);
      const missing = await tunnel.server.waitForStatus(
        "the answer is refused",
        (status) => status.docker.state === "connecting",
      );
      assert.match(missing.docker.fault ?? "", /the answer is no list of networks/);
      assert.deepEqual(missing.routes.map(({ prefix }) => prefix), ["10.99.0.0/24"]);
      engine.networks = [listed("web", "10.99.0.0/24"), {}, null, listed("odd", "x")];
      const found = await tunnel.server.waitForStatus(
        "it is taken again",
        (status) => status.docker.state === "connected",
      );
      assert.deepEqual(found.docker.networks.map(({ name }) => name), ["odd", "web"]);
    }
  });
});

/** One look for a client container that an earlier run kept, with the version that the Engine answers in. */
const LOOK_FOR_KEPT = ["/version", "/v1.41/containers/json?all=1"];

networkTest("docker off leaves Docker alone", { containers: [] }, async (network) => {
  await using engine = new GoodEngine(`${network.folder}/docker.sock`, [listed("web", "10.99.0.0/24")]);
  await using tunnel = await Tunnel.start(network, {
    config: "docker off\n",
    engineSocket: engine.engine.path,
  });
  assert.equal((await tunnel.server.status())?.docker.state, "off");
  await waitUntil("it has looked", () => engine.engine.targets.length === LOOK_FOR_KEPT.length);
  await Deno.writeTextFile(tunnel.configFile, "docker auto\n");
  await tunnel.server.process.stderr.waitFor(/docker changed in the file; restart/);
  assert.deepEqual(engine.engine.targets, LOOK_FOR_KEPT);
});
