import assert from "node:assert/strict";
import { CLIENT_CONTAINER, EngineScene } from "../topology/engine_scene.ts";
import { ENGINES } from "../topology/engines.ts";
import { reachable } from "../topology/ping.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

/** A network is routed, or no more, this many milliseconds after it was made or removed. */
const EVENT_LIMIT = 1_000;
/** A container of a new network answers this many milliseconds after `docker run` returned. */
const NEW_LIMIT = 1_000;
/** A container answers this many milliseconds after a restarted Engine does. */
const RESTART_LIMIT = 5_000;
/** From the loss of the client container to the next page, in milliseconds. */
const REPAIR_LIMIT = 5_000;

/** Podman gives no container the right to ping by itself. */
const WEB = ["--network", "web", "--ip", "10.99.0.5", "--restart", "always", "--cap-add", "NET_RAW"];
const DB = ["--network", "db", "--ip", "10.99.1.5", "--restart", "always", "--cap-add", "NET_RAW"];

for (const kind of ENGINES) {
  networkTest(`what a user sees with ${kind.title}`, { containers: [] }, async (network, t) => {
    await using scene = await EngineScene.start(network, kind);
    const { machine, server, times } = scene;
    const { engine } = machine;
    const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));

    await step("the Engine is found, and a client is started in it", async () => {
      const first = await machine.runPage("first");
      await scene.answers(first, "first");
      const { docker } = await server.waitForStatus("it is up", ({ client }) => client !== null);
      assert.deepEqual([docker.state, docker.engine], ["connected", engine.version]);
      if (kind.root !== undefined) assert.ok(engine.version.startsWith(kind.title.split(" ").at(-1) ?? "?"));
      assert.deepEqual([docker.container?.name, docker.container?.state], [CLIENT_CONTAINER, "running"]);
    });

    await step("a new network is routed, and its container answers", async () => {
      const start = performance.now();
      await engine.createNetwork("web", "10.99.0.0/24");
      await scene.routeIs("10.99.0.0/24", "active", EVENT_LIMIT);
      times.push(`a new network is routed ${Math.round(performance.now() - start)} ms after the call began`);
      await machine.runPage("web", ...WEB);
      const took = await scene.answers("10.99.0.5", "web");
      times.push(`its container answers ${took} ms after docker run`);
      assert.ok(took <= NEW_LIMIT, `it took ${took} ms`);
    });

    await step("an internal network is routed", async () => {
      await scene.docker("network create --internal --subnet 10.99.2.0/24 inner");
      await scene.routeIs("10.99.2.0/24", "active", EVENT_LIMIT);
      const address = await machine.runPage("inner", "--network", "inner");
      // Such a container has no route back, so the client masquerades, which it does with Docker's chains only.
      if (kind.isPodman) assert.equal(await reachable(network.mac, address, 1), false);
      else await scene.answers(address, "inner");
    });

    await step("a network with IPv6 is routed, and its container answers by both", async () => {
      await engine.createNetwork("six", "10.99.6.0/24", "fd00:99::/64");
      await network.vm.sysctl("net/ipv6/conf/all/forwarding", "1");
      await machine.runPage("six", "--network", "six", "--ip", "10.99.6.5", "--ip6", "fd00:99::5");
      await scene.answers("[fd00:99::5]", "six");
      await scene.answers("10.99.6.5", "six");
    });

    await step("a removed network is routed no more", async () => {
      await scene.docker("rm --force six");
      await engine.removeNetwork("six");
      await scene.routeIs("10.99.6.0/24", undefined, EVENT_LIMIT);
    });

    await step("iptables A+B connects two networks that the Engine keeps apart", async () => {
      await engine.createNetwork("db", "10.99.1.0/24");
      await machine.runPage("db", ...DB);
      const reach =
        async () => [await scene.reaches("web", "10.99.1.5"), await scene.reaches("db", "10.99.0.5")];
      assert.deepEqual(await reach(), [false, false]);
      await Deno.writeTextFile(scene.configFile, "iptables 10.99.0.0+10.99.1.0\n");
      // Podman's rules are nftables' own. A drop there counts whatever iptables accepts.
      await scene.pairIs(kind.isPodman ? "waiting" : "connected");
      assert.deepEqual(await reach(), [!kind.isPodman, !kind.isPodman]);
      const logs = await engine.logs(CLIENT_CONTAINER);
      assert.equal(logs.includes("networks connected"), !kind.isPodman, "log and status disagree");
    });

    await step("a client that is taken away comes back", async () => {
      const start = performance.now();
      await scene.docker(`rm --force ${CLIENT_CONTAINER}`);
      const took = await scene.answers("10.99.0.5", "web", start);
      times.push(`a container answers ${took} ms after the client was taken away`);
      assert.ok(took <= REPAIR_LIMIT, `it took ${took} ms`);
    });

    for (const end of ["stop", "kill"] as const) {
      await step(`containers answer again after a ${end} of the Engine`, async () => {
        await engine[end]();
        await server.waitForStatus("it is missed", ({ docker }) => docker.state === "connecting");
        await engine.start();
        const took = await scene.answers("10.99.0.5", "web");
        times.push(`a container answers ${took} ms after the Engine, which came back after a ${end}`);
        assert.ok(took <= RESTART_LIMIT, `it took ${took} ms`);
      });
    }

    await step("a network made after that is routed too", async () => {
      await engine.createNetwork("late", "10.99.7.0/24");
      await scene.routeIs("10.99.7.0/24", "active", EVENT_LIMIT);
    });
    console.log(times.map((line) => `  ${kind.title}: ${line}`).join("\n"));
  }, kind.needs);
}
