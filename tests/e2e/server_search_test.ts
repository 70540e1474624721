import assert from "node:assert/strict";
import type { Network } from "../topology/network.ts";
import { reachable } from "../topology/ping.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";

/** Milliseconds in which the server is found, with heartbeats every 500 ms. */
const FOUND_LIMIT = 10_000;

/** A client without `--host`, which resolves names by a hosts file of its own and no name server. */
async function searchingTunnel(network: Network, hosts: string): Promise<Tunnel> {
  const { folder, vm, macAddress } = network;
  await vm.ip("route", "add", "default", "via", macAddress);
  await Deno.writeTextFile(`${folder}/hosts`, `127.0.0.1 localhost\n${hosts}`);
  await Deno.writeTextFile(`${folder}/resolv.conf`, "nameserver 127.0.0.1\n");
  const script = 'f=$1; shift; mount --bind "$f/hosts" /etc/hosts; ' +
    'mount --bind "$f/resolv.conf" /etc/resolv.conf; exec "$@"';
  return await Tunnel.launch(network, {
    clientTarget: "search",
    clientWrapper: ["unshare", "-m", "sh", "-c", script, "sh", folder],
  });
}

networkTest("without --host the server is found at the default gateway", {}, async (network) => {
  await using tunnel = await searchingTunnel(network, "");
  await withTranscript(tunnel, async () => {
    await tunnel.waitUp(FOUND_LIMIT);
    const { server } = await tunnel.client.waitForStatus(
      "it is up",
      ({ server }) => server.state === "connected",
    );
    assert.deepEqual([server.host, server.endpoint], ["default gateway", `${network.macAddress}:2511`]);
    assert.ok(await reachable(network.mac, network.container().address));
    assert.match(
      await tunnel.client.process.stderr.waitFor(/tunnel is up/),
      /host="default gateway" endpoint=10\.77\.0\.1:2511/,
    );
  });
});

networkTest(
  "a name that leads nowhere is passed over, and one that appears is used",
  {},
  async (network, t) => {
    const { mac, vm, folder, macAddress } = network;
    // An address that nobody has; the default route leads there.
    await using tunnel = await searchingTunnel(network, "10.66.0.1 host.docker.internal\n");
    const step = (name: string, body: () => Promise<void>) =>
      t.step(name, () => withTranscript(tunnel, body));

    await step("passed over", async () => {
      await tunnel.waitUp(FOUND_LIMIT);
      const status = await tunnel.client.status();
      assert.equal(status?.server.host, "default gateway");
      const { lines } = tunnel.client.process.stderr;
      assert.ok(
        lines.some((line) => /tunnel is up .*host=host\.docker\.internal/.test(line)),
        lines.join("\n"),
      );
    });

    await step("a server that is started again is found where it was", async () => {
      await tunnel.server.stop();
      await tunnel.client.waitForStatus(
        "the client misses it",
        ({ server }) => server.state === "unreachable",
      );
      tunnel.server.start();
      await tunnel.waitUp(FOUND_LIMIT);
      assert.equal((await tunnel.client.status())?.server.host, "default gateway");
    });

    await step("used when the server has moved there", async () => {
      await mac.ip("addr", "add", "10.77.1.1", "peer", "10.77.1.2/32", "dev", "eth0");
      await vm.ip("addr", "add", "10.77.1.2/30", "dev", "eth0");
      await mac.ip("addr", "del", macAddress, "peer", `${network.vmAddress}/32`, "dev", "eth0");
      await Deno.writeTextFile(`${folder}/hosts`, "127.0.0.1 localhost\n10.77.1.1 host.docker.internal\n");
      const { server } = await tunnel.client.waitForStatus(
        "the client talks to the new address",
        ({ server }) => server.endpoint === "10.77.1.1:2511" && server.state === "connected",
        20_000,
      );
      assert.equal(server.host, "host.docker.internal");
      await tunnel.waitUp(FOUND_LIMIT);
    });
  },
);
