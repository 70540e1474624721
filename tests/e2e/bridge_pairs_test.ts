import assert from "node:assert/strict";
import { dockerBridges, DockerRules } from "../topology/docker_rules.ts";
import { reachable } from "../topology/ping.ts";
import type { Tunnel } from "../topology/tunnel.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";
import { fetchPage, servePage } from "../topology/web.ts";

const ROUTES = "route 172.20.0.0/16\nroute 172.21.0.0/16\n";
const CONNECTED = "iptables 172.20.0.0+172.21.0.0\n";
const APART = "iptables 172.20.0.0-172.21.0.0\n";
/** A change of the file, or of the networks, is active after this many milliseconds. */
const LIMIT = 5_000;

async function pairBecomes(tunnel: Tunnel, state: string | undefined): Promise<void> {
  await tunnel.client.waitForStatus(
    `the pair is ${state ?? "gone"}`,
    ({ firewall: { pairs } }) => pairs.length <= 1 && pairs[0]?.state === state,
    LIMIT,
  );
}

for (const backend of ["nft", "legacy"] as const) {
  tunnelTest(
    `iptables A+B connects two networks, iptables-${backend}`,
    { containers: [1, 1], config: ROUTES },
    async ({ network, tunnel, step }) => {
      const rules = new DockerRules(network.vm, backend);
      const [first, second] = [network.container(0), network.container(1)];
      await rules.lay("28.2", dockerBridges(network));
      const reach = async () => [
        await reachable(first.namespace, second.address, 1),
        await reachable(second.namespace, first.address, 1),
      ];
      await using _server = await servePage(second.namespace, network.folder, "second");

      await step("Docker keeps them apart", async () => {
        assert.deepEqual(await reach(), [false, false]);
      });

      await step("A+B lets each reach the other", async () => {
        await Deno.writeTextFile(tunnel.configFile, ROUTES + CONNECTED);
        await pairBecomes(tunnel, "connected");
        assert.deepEqual(await reach(), [true, true]);
        assert.equal(await fetchPage(first.namespace, second.address), "second");
      });

      await step("A-B keeps them apart again", async () => {
        await Deno.writeTextFile(tunnel.configFile, ROUTES + APART);
        await pairBecomes(tunnel, undefined);
        await waitUntil("no rule names a bridge", async () => {
          return (await rules.tagged()).every((rule) => !rule.includes("br0"));
        }, LIMIT);
        assert.deepEqual(await reach(), [false, false]);
        assert.ok(await reachable(network.mac, first.address));
      });

      await step("a client that starts later knows the pair", async () => {
        await Deno.writeTextFile(tunnel.configFile, ROUTES + CONNECTED);
        await pairBecomes(tunnel, "connected");
        await tunnel.client.stop();
        assert.deepEqual(await rules.tagged(), []);
        assert.deepEqual(await reach(), [false, false]);
        tunnel.client.start();
        await pairBecomes(tunnel, "connected");
        assert.deepEqual(await reach(), [true, true]);
      });

      await step("a network that goes away is waited for, and connected by its new bridge", async () => {
        await network.vm.ip("link", "set", "br1", "down");
        await network.vm.ip("addr", "flush", "dev", "br1");
        await pairBecomes(tunnel, "waiting");
        await network.vm.ip("link", "set", "br1", "name", "br9");
        await network.vm.ip("addr", "add", "172.21.0.1/16", "dev", "br9");
        await network.vm.ip("link", "set", "br9", "up");
        const [bridge0, bridge1] = dockerBridges(network);
        assert.ok(bridge0 && bridge1);
        await rules.flush();
        await rules.lay("28.2", [bridge0, { ...bridge1, name: "br9" }]);
        await pairBecomes(tunnel, "connected");
        await waitUntil(
          "they reach each other",
          async () => (await reach()).every((answers) => answers),
          LIMIT,
        );
        assert.deepEqual((await rules.tagged()).filter((rule) => rule.includes("br1")), []);
      });

      await step("no rule is left", async () => {
        await tunnel.client.stop();
        assert.deepEqual(await rules.tagged(), []);
      });
    },
  );
}
