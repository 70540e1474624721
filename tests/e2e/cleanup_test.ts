import assert from "node:assert/strict";
import type { Network } from "../topology/network.ts";
import { snapshot } from "../topology/snapshot.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

/** Both namespaces as text. */
async function both(network: Network): Promise<string> {
  return `${await snapshot(network.mac)}\n${await snapshot(network.vm)}`;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Stops both programs and demands that each says it was asked to. */
async function stopBoth(tunnel: Tunnel): Promise<void> {
  const ended = await Promise.all([tunnel.server.stop(), tunnel.client.stop()]);
  assert.deepEqual(ended.map(({ code, signal }) => ({ code, signal })), [
    { code: 0, signal: null },
    { code: 0, signal: null },
  ], tunnel.transcript());
}

networkTest("nothing stays behind", { containers: [1, 1] }, async (network, t) => {
  const before = await both(network);

  await t.step("after SIGTERM", async () => {
    await using tunnel = await Tunnel.start(network);
    assert.notEqual(await both(network), before);
    await stopBoth(tunnel);
    assert.equal(await both(network), before);
    assert.equal(await exists(tunnel.server.settings.control), false, "the server's control socket is left");
    assert.equal(await exists(tunnel.client.settings.control), false, "the client's control socket is left");
  });

  await t.step("after SIGINT", async () => {
    await using tunnel = await Tunnel.start(network);
    for (const daemon of [tunnel.server, tunnel.client]) {
      daemon.process.signal("SIGINT");
      assert.equal((await daemon.process.wait()).code, 0);
    }
    assert.equal(await both(network), before);
  });

  await t.step("after SIGKILL, a start and SIGTERM", async () => {
    await using tunnel = await Tunnel.start(network);
    await Promise.all([tunnel.server.kill(), tunnel.client.kill()]);
    tunnel.server.start();
    tunnel.client.start();
    await tunnel.waitUp();
    await stopBoth(tunnel);
    assert.equal(await both(network), before);
  });

  await t.step("after a route came and went", async () => {
    await using tunnel = await Tunnel.start(network, { config: "route 172.20.0.0/16\n" });
    await Deno.writeTextFile(tunnel.configFile, "route 172.21.0.0/16\n");
    await tunnel.server.waitForStatus(
      "the route has changed",
      ({ routes }) => routes.length === 1 && routes[0]?.prefix === "172.21.0.0/16",
    );
    await stopBoth(tunnel);
    assert.equal(await both(network), before);
  });

  await t.step("and a foreign route to the same subnet is left alone", async () => {
    await network.mac.ip("route", "add", "172.21.0.0/16", "via", network.vmAddress);
    const foreign = await both(network);
    await using tunnel = await Tunnel.start(network);
    const status = await tunnel.server.waitForStatus(
      "the clash is told",
      ({ routes }) => routes.some(({ prefix, fault }) => prefix === "172.21.0.0/16" && fault !== undefined),
    );
    assert.equal(status.routes.find(({ prefix }) => prefix === "172.20.0.0/16")?.fault, undefined);
    assert.match(await network.mac.ip("route"), /^172\.21\.0\.0\/16 via 10\.77\.0\.2 dev eth0/m);
    await stopBoth(tunnel);
    assert.equal(await both(network), foreign);
  });
});
