import assert from "node:assert/strict";
import { IMAGE } from "../../tools/image/contents.ts";
import { DockerMachine } from "../topology/docker_machine.ts";
import { type Backend, DockerRules } from "../topology/docker_rules.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { reachable } from "../topology/ping.ts";
import { CLIENT_VIRTUAL_ADDRESS, launchServer } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";
import { fetchPage } from "../topology/web.ts";

const NAME = "mac-connector";
/** The original's command, with this image. */
const AS_EVER = `run -it -d --restart always --net host --cap-add NET_ADMIN --name ${NAME} ${IMAGE}`;
/** From `docker run` to the first echo, in milliseconds. */
const START_LIMIT = 5_000;
/** What the tunnel makes: an accept in raw, one each way in DOCKER-USER, and the masquerade. */
const OWN_RULES = 4;

/** The rule that Engine 28.2 makes for each container. */
async function dropFromElsewhere(rules: DockerRules, address: string, bridge: string): Promise<void> {
  await rules.iptables("-t", "raw", "-A", "PREROUTING", "-d", address, "!", "-i", bridge, "-j", "DROP");
}

for (const backend of ["nft", "legacy"] satisfies Backend[]) {
  networkTest(`the image runs beside iptables-${backend}`, { containers: [] }, async (network, t) => {
    const { mac, vm } = network;
    await using machine = await DockerMachine.start(network, backend);
    const { engine } = machine;
    const docker = (line: string) => engine.docker(...line.split(" "));
    const rules = new DockerRules(vm, backend);
    const page = await machine.runPage("page");
    await engine.createNetwork("web", "10.99.0.0/24");
    const other = await machine.runPage("other", "--network", "web");
    // Engine 28.2 keeps everybody else out of its containers; this one is older.
    const web = (await docker("network inspect --format {{.Id}} web")).slice(0, 12);
    await dropFromElsewhere(rules, page, "docker0");
    await dropFromElsewhere(rules, other, `br-${web}`);
    const before = await rules.save();
    const config = "docker off\nroute 172.17.0.0/16\nroute 10.99.0.0/24\n";
    await using server = (await launchServer(network, { config })).server;

    const step = (name: string, body: () => Promise<void>) =>
      t.step(name, async () => {
        try {
          await body();
        } catch (error) {
          const logs = await docker(`logs ${NAME}`).catch(String);
          if (error instanceof Error) {
            error.message += `\n  server:\n${server.transcript()}\n  client:\n${logs}`;
          }
          throw error;
        }
      });
    const comesUp = async () => {
      const start = performance.now();
      await waitUntil("an echo comes", () => reachable(mac, CLIENT_VIRTUAL_ADDRESS, 1));
      await waitUntil("the rules are there", async () => (await rules.tagged()).length === OWN_RULES);
      return performance.now() - start;
    };

    await step("by the original's command", async () => {
      const start = performance.now();
      await docker(AS_EVER);
      await comesUp();
      const took = performance.now() - start;
      assert.ok(took < START_LIMIT, `it took ${took} ms`);
      assert.equal(await fetchPage(mac, page), "page of page");
      assert.equal(await fetchPage(mac, other), "page of other");
    });

    await step("and leaves no rule when it is stopped", async () => {
      await docker(`stop ${NAME}`);
      assert.equal(await rules.save(), before);
    });
  }, ENGINE_NEEDS);
}
