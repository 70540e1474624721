import assert from "node:assert/strict";
import { throughput } from "../topology/iperf.ts";
import type { Namespace } from "../topology/namespace.ts";
import type { Container } from "../topology/network.ts";
import { ping } from "../topology/ping.ts";
import { defaultConfig, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { fetchPage, servePage } from "../topology/web.ts";

const SUBNET = "fd00:172:20::/64";
const CONTAINER = "fd00:172:20::2";
const SERVER_ADDRESS = "fdc0:c0de:251::2";

/** Gives the first bridge and its container IPv6, as a Docker network with IPv6 has it. */
async function addIpv6(vm: Namespace, { namespace }: Container): Promise<void> {
  await vm.sysctl("net/ipv6/conf/all/forwarding", "1");
  await vm.ip("addr", "add", "fd00:172:20::1/64", "dev", "br0", "nodad");
  await namespace.ip("addr", "add", `${CONTAINER}/64`, "dev", "eth0", "nodad");
  await namespace.ip("-6", "route", "add", "default", "via", "fd00:172:20::1");
}

networkTest("IPv6 passes as IPv4 does", {}, async (network, t) => {
  const container = network.container();
  await addIpv6(network.vm, container);
  await using tunnel = await Tunnel.start(network, { config: `${defaultConfig(network)}route ${SUBNET}\n` });
  const step = (name: string, run: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, run));

  await step("both ends have the addresses of addr6", async () => {
    const client = await tunnel.client.waitForStatus(
      "the client has taken the network from the server",
      (status) => status.interface.address6 !== undefined,
    );
    assert.equal(client.interface.address6, "fdc0:c0de:251::1");
    assert.equal((await tunnel.server.status())?.interface.address6, SERVER_ADDRESS);
  });

  await step("every echo is answered both ways", async () => {
    for (
      const [from, address] of [[network.mac, CONTAINER], [container.namespace, SERVER_ADDRESS]] as const
    ) {
      const { received, text } = await ping(from, address, { count: 10 });
      assert.equal(received, 10, text);
    }
  });

  await step("the desktop fetches a page from a container's IPv6 address", async () => {
    await using _server = await servePage(container.namespace, network.folder, "over IPv6");
    assert.equal(await fetchPage(network.mac, `[${CONTAINER}]`), "over IPv6");
  });

  await step("a TCP stream goes both ways", async () => {
    const { mac } = network;
    const { namespace } = container;
    assert.ok(await throughput({ from: mac, to: namespace, address: CONTAINER, seconds: 1 }) > 0);
    assert.ok(await throughput({ from: namespace, to: mac, address: SERVER_ADDRESS, seconds: 1 }) > 0);
  });

  await step("the interface goes with its addresses", async () => {
    await tunnel[Symbol.asyncDispose]();
    assert.doesNotMatch(await network.vm.ip("-6", "route"), /connector0|fdc0:/);
    assert.doesNotMatch(await network.mac.ip("-6", "route"), /connector0|fdc0:/);
  });
});
