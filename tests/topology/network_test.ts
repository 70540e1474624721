import assert from "node:assert/strict";
import { throughput } from "./iperf.ts";
import { topologyTest } from "./gate.ts";
import { Network } from "./network.ts";
import { ping, reachable } from "./ping.ts";
import { run } from "./process.ts";
import { snapshot } from "./snapshot.ts";
import { transfer } from "./transfer.ts";
import { fetchPage, servePage } from "./web.ts";

topologyTest("a topology routes between its parts and only there", async (t) => {
  const network = await Network.create({ containers: [2, 1], underlayMtu: 9000, lans: 2 });
  const { prefix, folder } = network;
  try {
    const { mac, vm } = network;
    const [first, second, third] = [network.container(0), network.container(1), network.container(2)];

    await t.step("containers reach each other, across bridges too", async () => {
      assert.ok(await reachable(first.namespace, second.address));
      assert.ok(await reachable(first.namespace, third.address));
      assert.ok(await reachable(vm, third.address));
    });
    await t.step("the desktop does not reach a container without a route", async () => {
      assert.equal((await ping(mac, first.address)).received, 0);
    });
    await t.step(
      "machines of the local network reach each other and the desktop, and nothing behind it",
      async () => {
        const [one, other] = [network.lan(0), network.lan(1)];
        assert.ok(await reachable(one.namespace, network.macLanAddress));
        assert.ok(await reachable(one.namespace, other.address));
        await one.namespace.ip("route", "add", "default", "via", network.macLanAddress);
        assert.equal((await ping(one.namespace, network.vmAddress)).received, 0);
      },
    );
    await t.step("the underlay has the MTU asked for", async () => {
      assert.equal((await ping(mac, network.vmAddress, { packetSize: 9000 })).received, 1);
      assert.equal((await ping(mac, network.vmAddress, { packetSize: 9001 })).received, 0);
    });
    await t.step("pages, transfers and iperf3 go over a plain route", async () => {
      const before = await snapshot(mac);
      await mac.ip("route", "add", first.subnet, "via", network.vmAddress);
      assert.notEqual(await snapshot(mac), before);
      await using _server = await servePage(first.namespace, folder, "hello from the container\n");
      assert.equal(await fetchPage(mac, first.address), "hello from the container");
      const ends = { from: first.namespace, address: first.address, to: mac };
      const paced = await transfer({ ...ends, bytes: 1_000_000, rate: 2_000_000 });
      assert.equal(paced.bytes, 1_000_000);
      assert.ok(paced.seconds > 0.4, `${paced.seconds} s is faster than the pace`);
      const bits = await throughput({ from: mac, to: first.namespace, address: first.address, seconds: 1 });
      assert.ok(bits > 1e8, `${bits} bit/s`);
      await mac.ip("route", "del", first.subnet);
      assert.equal(await snapshot(mac), before);
    });
    first.namespace.spawn(["sleep", "1000"]);
  } finally {
    await network[Symbol.asyncDispose]();
  }
  const left = await run(["ip", "netns", "list"]);
  assert.ok(!left.stdout.includes(prefix), left.stdout);
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
});
