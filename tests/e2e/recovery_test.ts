import assert from "node:assert/strict";
import { reachable } from "../topology/ping.ts";
import { Network } from "../topology/network.ts";
import { Relay } from "../topology/relay.ts";
import { SERVER_PORT, Tunnel } from "../topology/tunnel.ts";
import { networkTest, tunnelTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { fetchPage, servePage } from "../topology/web.ts";

/** Milliseconds in which a tunnel with heartbeats every 500 ms is back. */
const BACK_LIMIT = 8_000;

async function pageComes(network: Network): Promise<void> {
  const container = network.container();
  await using _server = await servePage(container.namespace, network.folder, "here again");
  assert.equal(await fetchPage(network.mac, container.address), "here again");
}

tunnelTest("the tunnel outlives its programs", {}, async ({ network, tunnel, step }) => {
  await step("server stopped for two seconds and started again", async () => {
    assert.equal((await tunnel.server.stop()).code, 0);
    await tunnel.client.waitForStatus(
      "the client misses the server",
      ({ server }) => (server.lastHeardSeconds ?? 0) >= 2,
    );
    tunnel.server.start();
    await tunnel.waitUp(BACK_LIMIT);
    await pageComes(network);
  });

  await step("server started ten times while heartbeats pour in", async () => {
    const { vm, macAddress } = network;
    const heartbeats = vm.spawnScript("heartbeats.ts", [macAddress, String(SERVER_PORT)]);
    try {
      await heartbeats.stdout.waitFor(/sending/);
      for (let round = 0; round < 10; round++) {
        assert.equal((await tunnel.server.stop()).code, 0);
        tunnel.server.start();
        await tunnel.server.waitForStatus("the server has a client", ({ client }) => client !== null);
      }
    } finally {
      await heartbeats.stop();
    }
    await tunnel.waitUp(BACK_LIMIT);
  });

  await step("client killed and started again", async () => {
    const before = (await tunnel.server.status())?.client?.endpoint;
    await tunnel.client.kill();
    tunnel.client.start();
    await tunnel.server.waitForStatus(
      "the server has the new client",
      (status) => status.client !== null && status.client.endpoint !== before,
      BACK_LIMIT,
    );
    await tunnel.waitUp(BACK_LIMIT);
    await pageComes(network);
  });
});

networkTest("the tunnel follows the network", {}, async (network, t) => {
  await using relay = await Relay.start(network);
  await using tunnel = await Tunnel.start(network, { clientTarget: relay.target });

  await t.step("the client's port changes, as behind a NAT that forgot it", async () => {
    const before = (await tunnel.server.status())?.client?.endpoint;
    await relay.command("rebind");
    await tunnel.server.waitForStatus(
      "the server has the client's new port",
      ({ client }) =>
        client !== null && client.endpoint !== before &&
        client.endpoint?.startsWith(`${network.vmSeenAddress}:`) === true,
      BACK_LIMIT,
    );
    await tunnel.waitForEcho(BACK_LIMIT);
    await pageComes(network);
  });

  await t.step("nothing passes for four seconds, then all is well again", async () => {
    await relay.command("mute on");
    await tunnel.client.waitForStatus(
      "the client misses the server",
      ({ server }) => (server.lastHeardSeconds ?? 0) >= 4,
    );
    assert.equal(await reachable(network.mac, network.container().address, 1), false);
    await relay.command("mute off");
    await tunnel.waitUp(BACK_LIMIT);
    await pageComes(network);
  });
});

networkTest("a host name that leads elsewhere is looked up again", { link: "veth" }, async (network) => {
  const { folder, mac, vm, macAddress } = network;
  const hosts = `${folder}/hosts`;
  await Deno.writeTextFile(hosts, `127.0.0.1 localhost\n${macAddress} desktop.test\n`);
  await using tunnel = await Tunnel.start(network, {
    clientTarget: "desktop.test:2511",
    clientWrapper: [
      "unshare",
      "-m",
      "sh",
      "-c",
      'hosts=$1; shift; mount --bind "$hosts" /etc/hosts; exec "$@"',
      "sh",
      hosts,
    ],
  });

  await withTranscript(tunnel, async () => {
    await mac.ip("addr", "add", "10.77.1.1", "peer", "10.77.1.2/32", "dev", "eth0");
    await vm.ip("addr", "add", "10.77.1.2/30", "dev", "eth0");
    await mac.ip("addr", "del", macAddress, "peer", `${network.vmAddress}/32`, "dev", "eth0");
    await Deno.writeTextFile(hosts, "127.0.0.1 localhost\n10.77.1.1 desktop.test\n");

    await tunnel.client.waitForStatus(
      "the client talks to the new address",
      ({ server }) => server.endpoint === "10.77.1.1:2511",
      20_000,
    );
    await tunnel.waitUp(BACK_LIMIT);
    await pageComes(network);
  });
});
