import assert from "node:assert/strict";
import { DockerEngine } from "./docker_engine.ts";
import { dockerBridges, DockerRules, rulesByChain } from "./docker_rules.ts";
import { engineKind } from "./engines.ts";
import { topologyTest } from "./gate.ts";
import { Network } from "./network.ts";
import { runPageContainer } from "./page_container.ts";

const newest = engineKind("docker-forky");

/** The rules of a save, but for those of the bridge that the Engine has without being asked. */
function ownRules(text: string): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...rulesByChain(text)].sort()
      .map(([chain, rules]) => [chain, rules.filter((rule) => !rule.includes(" docker0 "))]),
  );
}

topologyTest("the rules that tests lay by hand are those of the newest Engine", async (t) => {
  for (const backend of ["nft", "legacy"] as const) {
    await t.step(`${newest.title}, iptables-${backend}`, async () => {
      await using laid = await Network.create({ containers: [1, 1] });
      const bridges = dockerBridges(laid);
      const byHand = new DockerRules(laid.vm, backend);
      await byHand.lay("28.2", bridges);

      await using network = await Network.create({ containers: [] });
      // An Engine that finds forwarding off switches it on, and drops what nobody accepts.
      await network.vm.sysctl("net/ipv4/ip_forward", "0");
      await using engine = new DockerEngine(network, { backend, kind: newest });
      await engine.start();
      for (const { name, subnet } of bridges) {
        const bridge = ["--opt", `com.docker.network.bridge.name=${name}`];
        await engine.docker("network", "create", "--subnet", subnet, ...bridge, name);
      }
      for (const { name, containers: [container] } of bridges) {
        const address = container?.address ?? assert.fail("a bridge without a container");
        await runPageContainer(engine, network.folder, `on-${name}`, "--network", name, "--ip", address);
      }
      const real = await new DockerRules(network.vm, backend).save();
      assert.match(real, / docker0 /);
      assert.deepEqual(ownRules(await byHand.save()), ownRules(real));
    });
  }
}, newest.needs);
