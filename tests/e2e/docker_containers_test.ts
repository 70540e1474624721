import assert from "node:assert/strict";
import { DockerEngine } from "../topology/docker_engine.ts";
import { DockerRules } from "../topology/docker_rules.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { runPageContainer } from "../topology/page_container.ts";
import { ping } from "../topology/ping.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";
import { fetchPage } from "../topology/web.ts";

/** A container of a new network answers this many milliseconds after `docker run` returned. */
const NEW_LIMIT = 1_000;
/** A container answers this many milliseconds after a restarted Engine does. */
const RESTART_LIMIT = 5_000;

for (const backend of ["nft", "legacy"] as const) {
  networkTest(
    `containers of discovered networks are reached, beside iptables-${backend}`,
    { containers: [] },
    async (network, t) => {
      const { mac, vm, folder } = network;
      const rules = new DockerRules(vm, backend);
      const engine = new DockerEngine(network, { backend });
      await using _engine = engine;
      await engine.start();
      const before = await rules.save();
      await using tunnel = await Tunnel.start(network, { config: "", engineSocket: engine.socket });
      const step = (name: string, body: () => Promise<void>) =>
        t.step(name, () => withTranscript(tunnel, body));
      const rulesAreThere = () =>
        tunnel.client.waitForStatus("its rules are there", ({ firewall }) => firewall.rules > 0);
      const page = (name: string, ...options: string[]) => runPageContainer(engine, folder, name, ...options);
      /** Fetches the page until it comes; the milliseconds it took. */
      const answers = async (address: string, name: string, deadline = 10_000) => {
        const start = performance.now();
        const fetch = async () => await fetchPage(mac, address).catch(() => "") === `page of ${name}`;
        await waitUntil(`${name} answers at ${address}`, fetch, deadline);
        return performance.now() - start;
      };

      await step("the client leaves the rules as they were, even the tables", async () => {
        await rulesAreThere();
        await tunnel.client.stop();
        assert.equal(await rules.save(), before);
        tunnel.client.start();
        await rulesAreThere();
        await tunnel.waitUp();
      });

      // The image is made with the first container, which counts for nothing.
      const first = await page("first");

      await step("one of a new network, within a second", async () => {
        await answers(first, "first");
        await engine.createNetwork("web", "10.99.0.0/24");
        const address = await page("web", "--network", "web", "--ip", "10.99.0.5", "--restart", "always");
        assert.equal(address, "10.99.0.5");
        const took = await answers(address, "web");
        console.log(`${backend}: a container of a new network answers ${took.toFixed()} ms after docker run`);
        assert.ok(took <= NEW_LIMIT, `it took ${took} ms`);
      });

      await step("one on several networks, in each of them", async () => {
        await engine.createNetwork("db", "10.99.1.0/24");
        await engine.docker("network", "connect", "--ip", "10.99.1.5", "db", "web");
        for (const address of ["10.99.0.5", "10.99.1.5"]) await answers(address, "web");
      });

      await step("one of an internal network", async () => {
        await engine.docker("network", "create", "--internal", "--subnet", "10.99.2.0/24", "inner");
        await answers(await page("inner", "--network", "inner"), "inner");
      });

      for (const how of ["stop", "kill"] as const) {
        await step(`after a ${how} of the Engine`, async () => {
          await engine[how]();
          await engine.start();
          const took = await answers("10.99.0.5", "web");
          console.log(
            `${backend}: answers ${took.toFixed()} ms after the Engine, which came back after a ${how}`,
          );
          assert.ok(took <= RESTART_LIMIT, `it took ${took} ms`);
        });
      }

      if (backend === "nft") {
        await step("one of an IPv6 network", async () => {
          await engine.createNetwork("six", "10.99.6.0/24", "fd00:99::/64");
          await page("six", "--network", "six", "--ip", "10.99.6.5", "--ip6", "fd00:99::5");
          await vm.sysctl("net/ipv6/conf/all/forwarding", "1");
          const took = await answers("[fd00:99::5]", "six");
          console.log(`a container of an IPv6 network answers after ${took.toFixed()} ms`);
          const { received, text } = await ping(mac, "fd00:99::5", { count: 5 });
          assert.equal(received, 5, text);
          await answers("10.99.6.5", "six");
        });

        await step("when the API's socket vanishes and comes back", async () => {
          const away = `${folder}/away.sock`;
          await Deno.rename(engine.socket, away);
          const hidden = ["--host", `unix://${away}`];
          await engine.docker(...hidden, "network", "create", "--subnet", "10.99.7.0/24", "late");
          await tunnel.server.waitForStatus(
            "the Engine is missed",
            ({ docker }) => docker.state === "connecting",
          );
          await answers("10.99.0.5", "web");
          await Deno.rename(away, engine.socket);
          const start = performance.now();
          await tunnel.server.waitForStatus(
            "the new network is routed",
            ({ routes }) => routes.some(({ network, state }) => network === "late" && state === "active"),
            RESTART_LIMIT,
          );
          console.log(
            `networks are followed ${(performance.now() - start).toFixed()} ms after the socket came back`,
          );
        });
      }
    },
    ENGINE_NEEDS,
  );
}
