/**
 * The path through the Engine's socket, behind a network in user space that lets no UDP pass, so that every packet goes by
 * this path or not at all.
 */
import assert from "node:assert/strict";
import { IMAGE } from "../../tools/release/names.ts";
import { startAccessor, withAccessorLog } from "../topology/accessor.ts";
import type { ServerStatus } from "../topology/control_socket.ts";
import { CLIENT_CONTAINER, EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE, ENGINES } from "../topology/engines.ts";
import { reachable } from "../topology/ping.ts";
import { ACCESSOR_INTERFACE } from "../topology/server_side.ts";
import { ANNA, SHARED } from "../topology/shared_tunnel.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";
import { fetchPage } from "../topology/web.ts";

/** The first page comes so many milliseconds after the start of the server, which starts the client. */
const FIRST_PAGE_LIMIT = 3_000;
/** The same where the Engine has to load the client's image before. */
const LOAD_LIMIT = 15_000;
/** A page that is asked for while there is no path is asked for again so many milliseconds later, long before TCP would. */
const ATTEMPT = 250;
/** From a loss to the next page, as on the path by UDP (engines_test.ts), in milliseconds. */
const BACK_LIMIT = 5_000;

type PathStatus = ServerStatus["paths"]["list"][number];

function pathOf({ paths }: ServerStatus, kind: PathStatus["kind"]): PathStatus {
  return paths.list.find((path) => path.kind === kind) ?? assert.fail(`the status shows no path ${kind}`);
}

/** Waits until the page comes; the milliseconds since `from`. */
async function pageComes({ network: { mac } }: EngineScene, address: string, from: number): Promise<number> {
  const fetch = () => fetchPage(mac, address, 8080, ATTEMPT).then(() => true, () => false);
  await waitUntil(`the page comes from ${address}`, fetch, LOAD_LIMIT);
  return Math.round(performance.now() - from);
}

networkTest(
  "the engine path alone carries everything",
  { containers: [], lans: 1, link: "user-space" },
  async (network, t) => {
    const { mac, userSpace } = network;
    await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
    const { machine, times } = scene;
    const { engine } = machine;
    const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));
    const note = (what: string, took: number, limit: number) => {
      times.push(`${what}: ${took} ms`);
      assert.ok(took <= limit, `${what}: ${took} ms`);
    };
    const page = await machine.runPage("page", "--restart", "always");
    await userSpace.dropUdp(true);

    await t.step("the first page comes although no UDP ever does, with nothing configured", async () => {
      await engine.docker("system", "prune", "--all", "--force");
      assert.equal(await scene.docker(`image ls --quiet ${IMAGE}`), "");
      const start = performance.now();
      await scene.startServer();
      await scene.withTranscript(async () => {
        note("first page, the image is loaded before", await pageComes(scene, page, start), LOAD_LIMIT);
        const status = await scene.server.status() ?? assert.fail("the server has no status");
        assert.deepEqual([status.paths.preference, status.paths.inUse], ["auto", "engine"]);
        assert.equal(status.client?.endpoint ?? null, null);
        assert.equal(pathOf(status, "udp").state, "down");
      });
    });

    await step("within 3 s of the start, the client's included, where the image is there", async () => {
      await scene.server.stop();
      const { lines } = scene.server.process.stderr;
      const stopping = lines.findIndex((line) => line.includes("stopping"));
      assert.deepEqual(lines.slice(stopping).filter((line) => / (?:warn|error|path:) /.test(line)), []);
      await scene.docker(`rm --force ${CLIENT_CONTAINER}`);
      const start = performance.now();
      scene.server.start();
      const took = await pageComes(scene, page, start);
      note("first page, the client's container is made before", took, FIRST_PAGE_LIMIT);
    });

    await step("and within 3 s of the start where the client runs already", async () => {
      await scene.server.stop();
      const start = performance.now();
      scene.server.start();
      note("first page, the client runs", await pageComes(scene, page, start), FIRST_PAGE_LIMIT);
    });

    await step("echoes go both ways", async () => {
      assert.ok(await reachable(mac, CLIENT_VIRTUAL_ADDRESS));
      assert.ok(await reachable(network.vm, SERVER_VIRTUAL_ADDRESS));
    });

    await step("a network with IPv6", async () => {
      await engine.createNetwork("six", "10.99.6.0/24", "fd00:99::/64");
      await network.vm.sysctl("net/ipv6/conf/all/forwarding", "1");
      await machine.runPage("six", "--network", "six", "--ip", "10.99.6.5", "--ip6", "fd00:99::5");
      await scene.answers("[fd00:99::5]", "six");
      await scene.answers("10.99.6.5", "six");
    });

    await step("an internal network", async () => {
      await scene.docker("network create --internal --subnet 10.99.2.0/24 inner");
      await scene.answers(await machine.runPage("inner", "--network", "inner"), "inner");
    });

    await step("iptables A+B", async () => {
      await engine.createNetwork("web", "10.99.0.0/24");
      await engine.createNetwork("db", "10.99.1.0/24");
      await machine.runPage("web", "--network", "web", "--ip", "10.99.0.5", "--cap-add", "NET_RAW");
      await machine.runPage("db", "--network", "db", "--ip", "10.99.1.5", "--cap-add", "NET_RAW");
      assert.equal(await scene.reaches("web", "10.99.1.5"), false);
      await Deno.writeTextFile(scene.configFile, "iptables 10.99.0.0+10.99.1.0\n");
      await scene.pairIs("connected");
      assert.ok(await scene.reaches("web", "10.99.1.5") && await scene.reaches("db", "10.99.0.5"));
      await Deno.writeTextFile(scene.configFile, "iptables 10.99.0.0-10.99.1.0\n");
      await waitUntil("they are apart again", async () => !await scene.reaches("web", "10.99.1.5"));
    });

    await step("an accessor, which reaches what is exposed and nothing else", async () => {
      await Deno.writeTextFile(scene.configFile, `${SHARED.expose}${SHARED.anna}route 10.99.0.0/24 expose\n`);
      await using accessor = await startAccessor({ network, lan: network.lan(), token: ANNA.token });
      await withAccessorLog(accessor, async () => {
        const { namespace } = network.lan();
        assert.equal(await fetchPage(namespace, "10.99.0.5"), "page of web");
        await namespace.ip("route", "add", "10.99.1.0/24", "dev", ACCESSOR_INTERFACE);
        assert.equal(await reachable(namespace, "10.99.1.5", 1), false);
      });
    });

    await step("all of it went by this path", async () => {
      const status = await scene.server.status() ?? assert.fail("the server has no status");
      assert.equal(status.paths.inUse, "engine");
      assert.equal(pathOf(status, "udp").sent?.packets, 0);
      assert.equal(pathOf(status, "udp").received?.packets, 0);
      assert.ok((pathOf(status, "engine").received?.packets ?? 0) > 0);
    });

    await step("it is back after the client's container was removed", async () => {
      const start = performance.now();
      await scene.docker(`rm --force ${CLIENT_CONTAINER}`);
      note("next page after the container's removal", await pageComes(scene, page, start), BACK_LIMIT);
    });

    await step("it stays in use when UDP comes back", async () => {
      await userSpace.dropUdp(false);
      const status = await scene.server.waitForStatus(
        "UDP stands by",
        ({ paths: { list } }) =>
          list.filter(({ state, roundTripMs }) =>
            ["in-use", "standby"].includes(state) && roundTripMs !== null
          )
            .length === 2,
        30_000,
      );
      assert.equal(status.paths.inUse, "engine");
      times.push(
        `round trips: engine ${pathOf(status, "engine").roundTripMs} ms, udp ${
          pathOf(status, "udp").roundTripMs
        } ms; ${status.paths.reason}`,
      );
      await scene.answers(page, "page");
    });
    console.log(times.map((line) => `  ${line}`).join("\n"));
  },
  DEFAULT_ENGINE.needs,
);

for (const kind of ENGINES) {
  networkTest(
    `a page comes by the engine path of ${kind.title}`,
    { containers: [], link: "user-space" },
    async (network) => {
      await using scene = await EngineScene.prepare(network, kind);
      const page = await scene.machine.runPage("page");
      await network.userSpace.dropUdp(true);
      const start = performance.now();
      await scene.startServer({ config: "path engine\n" });
      await scene.withTranscript(async () => {
        const took = await pageComes(scene, page, start);
        const status = await scene.server.status() ?? assert.fail("the server has no status");
        assert.deepEqual([status.paths.preference, status.paths.inUse], ["engine", "engine"]);
        console.log(`  ${kind.title}: first page ${took} ms after the start of the server`);
      });
    },
    kind.needs,
  );
}
