import assert from "node:assert/strict";
import { dockerBridges, DockerRules } from "../topology/docker_rules.ts";
import type { Network } from "../topology/network.ts";
import { reachable } from "../topology/ping.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";
import { fetchPage, servePage } from "../topology/web.ts";

/** What was taken away is back after this many milliseconds. */
const REPAIR_LIMIT = 5_000;
/** What the tunnel makes: an accept in raw, one each way in DOCKER-USER, and the masquerade. */
const OWN_RULES = 4;

/** Waits until the address answers the desktop; an Error when that takes too long. */
async function becomesReachable(network: Network, address: string): Promise<void> {
  await waitUntil(`${address} answers`, () => reachable(network.mac, address, 1), REPAIR_LIMIT);
}

async function rulesAreBack(rules: DockerRules): Promise<void> {
  await waitUntil(
    "all rules are back",
    async () => (await rules.tagged()).length === OWN_RULES,
    REPAIR_LIMIT,
  );
}

/** Containers are out of reach while the client keeps no rules, and within reach when it does; it leaves none. */
async function blockedThenOpen(network: Network, rules: DockerRules): Promise<void> {
  const { address, namespace } = network.container();
  await using _server = await servePage(namespace, network.folder, "a page");
  const before = await rules.save();
  {
    await using tunnel = await Tunnel.start(network, { clientArgs: ["--chain", "NOWHERE"] });
    await withTranscript(tunnel, async () => {
      assert.equal(await reachable(network.mac, address, 1), false);
      const { firewall } = await tunnel.client.waitForStatus("it has a status", () => true);
      assert.deepEqual(firewall, { state: "waiting", backend: null, rules: 0, pairs: [] });
    });
  }
  assert.equal(await rules.save(), before);
  await using tunnel = await Tunnel.start(network);
  await withTranscript(tunnel, async () => {
    await becomesReachable(network, address);
    assert.equal(await fetchPage(network.mac, address), "a page");
    const { firewall } = await tunnel.client.waitForStatus(
      "the rules are told",
      (status) => status.firewall.rules > 0,
    );
    assert.deepEqual(firewall, {
      state: "open",
      backend: `iptables-${rules.backend}`,
      rules: OWN_RULES,
      pairs: [],
    });
    await tunnel.client.stop();
    assert.equal(await rules.save(), before);
  });
}

for (const backend of ["nft", "legacy"] as const) {
  networkTest(
    `containers are reached through Docker's firewall, iptables-${backend}`,
    {},
    async (network, t) => {
      const rules = new DockerRules(network.vm, backend);
      const bridges = dockerBridges(network);
      const { address } = network.container();

      for (const engine of ["28.2", "28.0"] as const) {
        await rules.lay(engine, bridges);
        await t.step(`with the rules of Engine ${engine}`, () => blockedThenOpen(network, rules));
        await rules.flush();
      }

      await rules.lay("28.2", bridges);
      const before = await rules.save();
      await using tunnel = await Tunnel.start(network);
      const step = (name: string, body: () => Promise<void>) =>
        t.step(name, () => withTranscript(tunnel, body));
      await becomesReachable(network, address);
      const drop = ["PREROUTING", "-d", address, "!", "-i", "br0", "-j", "DROP"];

      await step("a drop that Docker appends makes no difference", async () => {
        await rules.iptables("-t", "raw", "-A", ...drop);
        assert.ok(await reachable(network.mac, address));
        await rules.iptables("-t", "raw", "-D", ...drop);
      });

      await step("the accept goes above a drop that was put first", async () => {
        await rules.iptables("-t", "raw", "-I", ...drop);
        await becomesReachable(network, address);
        await rules.iptables("-t", "raw", "-D", ...drop);
      });

      await step("the accepts go above a return that was put first", async () => {
        await rules.iptables("-I", "DOCKER-USER", "-j", "RETURN");
        await becomesReachable(network, address);
        await rules.iptables("-D", "DOCKER-USER", "-j", "RETURN");
      });

      await step("what the user drops in DOCKER-USER stays dropped", async () => {
        const own = ["DOCKER-USER", "-i", "connector0", "-d", address, "-j", "DROP"];
        await rules.iptables("-I", ...own);
        // Twice the time between two looks.
        assert.equal(await reachable(network.mac, address, 4), false);
        await rules.iptables("-D", ...own);
        assert.ok(await reachable(network.mac, address));
      });

      await step("flushed rules come back", async () => {
        await rules.iptables("-F", "DOCKER-USER");
        await rules.iptables("-t", "nat", "-F");
        await becomesReachable(network, address);
        await rulesAreBack(rules);
      });

      await step(
        "after a flush of everything and a restart of dockerd containers are reachable",
        async () => {
          await rules.flush();
          await rules.lay("28.2", bridges);
          await becomesReachable(network, address);
          await rulesAreBack(rules);
        },
      );

      await step("after SIGTERM the rules are as they were", async () => {
        assert.equal((await tunnel.client.stop()).code, 0);
        assert.equal(await rules.save(), before);
      });

      await step("after SIGKILL the next run takes over what is left, and leaves nothing", async () => {
        tunnel.client.start();
        await tunnel.client.waitForStatus(
          "its rules are there",
          ({ firewall }) => firewall.rules === OWN_RULES,
        );
        await tunnel.client.kill();
        assert.equal((await rules.tagged()).length, OWN_RULES);
        // As a run with another chain or another address leaves them.
        const tag = ["-m", "comment", "--comment", "docker-connector"];
        await rules.iptables("-I", "FORWARD", "-i", "connector0", ...tag, "-j", "ACCEPT");
        await rules.iptables(
          "-t",
          "nat",
          "-A",
          "POSTROUTING",
          "-s",
          "10.9.0.0/24",
          ...tag,
          "-j",
          "MASQUERADE",
        );
        tunnel.client.start();
        await tunnel.client.waitForStatus(
          "its rules are there",
          ({ firewall }) => firewall.rules === OWN_RULES,
        );
        assert.equal((await rules.tagged()).length, OWN_RULES, (await rules.tagged()).join("\n"));
        assert.equal((await tunnel.client.stop()).code, 0);
        assert.equal(await rules.save(), before);
      });
    },
  );
}
