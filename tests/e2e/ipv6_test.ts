import assert from "node:assert/strict";
import { throughput } from "../topology/iperf.ts";
import { addIpv6, IPV6_SUBNET } from "../topology/ipv6.ts";
import { ping } from "../topology/ping.ts";
import { defaultConfig, SERVER_VIRTUAL_ADDRESS_6, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { fetchPage, servePage } from "../topology/web.ts";

networkTest("IPv6 passes as IPv4 does", {}, async (network, t) => {
  const container = network.container();
  const address = await addIpv6(network);
  await using tunnel = await Tunnel.start(network, {
    config: `${defaultConfig(network)}route ${IPV6_SUBNET}\n`,
  });
  const step = (name: string, run: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, run));

  await step("both ends have the addresses of addr6", async () => {
    const client = await tunnel.client.waitForStatus(
      "the client has taken the network from the server",
      (status) => status.interface.address6 !== undefined,
    );
    assert.equal(client.interface.address6, "fdc0:c0de:251::1");
    assert.equal((await tunnel.server.status())?.interface.address6, SERVER_VIRTUAL_ADDRESS_6);
  });

  await step("every echo is answered both ways", async () => {
    const ways = [[network.mac, address], [container.namespace, SERVER_VIRTUAL_ADDRESS_6]] as const;
    for (const [from, target] of ways) {
      const { received, text } = await ping(from, target, { count: 10 });
      assert.equal(received, 10, text);
    }
  });

  await step("the desktop fetches a page from a container's IPv6 address", async () => {
    await using _server = await servePage(container.namespace, network.folder, "over IPv6");
    assert.equal(await fetchPage(network.mac, `[${address}]`), "over IPv6");
  });

  await step("a TCP stream goes both ways", async () => {
    const { mac } = network;
    const { namespace } = container;
    assert.ok(await throughput({ from: mac, to: namespace, address, seconds: 1 }) > 0);
    assert.ok(
      await throughput({ from: namespace, to: mac, address: SERVER_VIRTUAL_ADDRESS_6, seconds: 1 }) > 0,
    );
  });

  await step("the interface goes with its addresses", async () => {
    await tunnel[Symbol.asyncDispose]();
    assert.doesNotMatch(await network.vm.ip("-6", "route"), /connector0|fdc0:/);
    assert.doesNotMatch(await network.mac.ip("-6", "route"), /connector0|utun|fdc0:/);
  });
});
