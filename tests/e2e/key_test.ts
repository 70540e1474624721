import assert from "node:assert/strict";
import { droppedDatagrams } from "../topology/control_socket.ts";
import { Relay, strangerDatagram } from "../topology/relay.ts";
import { SERVER_PORT, Tunnel } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const KEY = "correct-horse-battery-staple";
const CONFIG = `key ${KEY}\nroute 172.20.0.0/16\n`;

networkTest("only a client that proves the key is bound", {}, async (network, t) => {
  await using relay = await Relay.start(network);
  const keyed = { config: CONFIG, clientTarget: relay.target };

  await t.step("the right key", async () => {
    await using tunnel = await Tunnel.start(network, { ...keyed, clientArgs: ["--key", KEY] });
    assert.ok(await tunnel.works());

    const bound = (await tunnel.server.status())?.client?.endpoint;
    assert.ok(bound);
    for (const place of ["foreign", "same"]) {
      const before = droppedDatagrams((await tunnel.server.status())?.counters ?? assert.fail("no status"));
      const { replayed } = await relay.command(`replay ${place}`);
      assert.equal(replayed, 25);
      const after = await tunnel.server.waitForStatus(
        `a heartbeat replayed from the ${place} port is counted as dropped`,
        ({ counters }) => droppedDatagrams(counters) > before,
      );
      assert.equal(after.client?.endpoint, bound);
    }

    const before = droppedDatagrams((await tunnel.server.status())?.counters ?? assert.fail("no status"));
    await strangerDatagram(network.vm, network.macAddress, SERVER_PORT, "00");
    const after = await tunnel.server.waitForStatus(
      "a heartbeat without proof is counted as dropped",
      ({ counters }) => droppedDatagrams(counters) > before,
    );
    assert.equal(after.client?.endpoint, bound);

    const { port } = await relay.command("rebind");
    await tunnel.server.waitForStatus(
      "a fresh proof from another port binds that port",
      ({ client }) => client?.endpoint === `${network.vmAddress}:${port}`,
    );
    await tunnel.waitForEcho();
  });

  for (const [title, clientArgs] of [["a wrong key", ["--key", "guess"]], ["no key", []]] as const) {
    await t.step(title, async () => {
      await using tunnel = await Tunnel.launch(network, { ...keyed, clientArgs });
      const status = await tunnel.server.waitForStatus(
        "the server has dropped several heartbeats",
        ({ counters }) => droppedDatagrams(counters) >= 3,
      );
      assert.equal(status.client, null);
      assert.equal(await tunnel.works(), false);
      const client = await tunnel.client.status();
      assert.equal(client?.server.lastHeardSeconds, null);
    });
  }

  await t.step("the key from the environment, and never in a log or a status", async () => {
    await using tunnel = await Tunnel.start(network, { ...keyed, clientEnv: { DOCKER_CONNECTOR_KEY: KEY } });
    const shown = JSON.stringify([await tunnel.server.status(), await tunnel.client.status()]);
    const lines = [tunnel.server, tunnel.client].flatMap((daemon) => daemon.process.stderr.lines);
    assert.ok(!(shown + lines.join()).includes(KEY));
    const strange = lines.filter((line) => !/^\d{4}-\d\d-\d\dT\S+ (error|warn|info|debug) /.test(line));
    assert.deepEqual(strange, [], "something else than the log was written");
  });
});
