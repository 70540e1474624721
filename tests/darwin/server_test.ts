/**
 * What only a Mac's server does; run by tests/e2e/darwin_suite_test.ts, which chooses the macOS side.
 */
import assert from "node:assert/strict";
import { readCalls } from "./call_record.ts";
import { binary } from "../topology/daemon.ts";
import type { Network } from "../topology/network.ts";
import { reachable } from "../topology/ping.ts";
import { isDarwinServer } from "../topology/server_side.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { waitUntil } from "../topology/wait.ts";
import { networkTest, tunnelTest, withTranscript } from "../topology/tunnel_test_case.ts";

if (!isDarwinServer) throw new Error("Run tests/e2e/darwin_suite_test.ts instead");

networkTest("the kernel gives the next free utun", {}, async (network) => {
  const { mac } = network;
  await mac.ip("link", "add", "utun0", "type", "bridge");
  await using tunnel = await Tunnel.start(network);
  await withTranscript(tunnel, async () => {
    assert.equal((await tunnel.server.status())?.interface.name, "utun1");
    assert.match(await mac.ip("route", "show", "172.20.0.0/16"), /dev utun1/);
    assert.ok(await reachable(mac, network.container().address));
  });
});

tunnelTest("a utun that vanishes ends the server with a reason", {}, async ({ network, tunnel }) => {
  await network.mac.ip("link", "del", "utun0");
  const { code } = await tunnel.server.process.wait();
  assert.equal(code, 74);
  const [last = ""] = tunnel.server.process.stderr.lines.slice(-1);
  assert.match(last, /Cannot go on with interface utun0: ENXIO/);
  tunnel.server.start();
  await tunnel.waitUp();
});

tunnelTest("children inherit none of the server's descriptors", {}, async ({ tunnel }) => {
  // The monitor of routes runs as long as the server does.
  const { pid } = tunnel.server.process;
  const children = (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim().split(" ");
  const open = new Set<string>();
  for (const child of children) {
    for await (const { name } of Deno.readDir(`/proc/${child}/fd`)) {
      if (Number(name) > 2) open.add(await Deno.readLink(`/proc/${child}/fd/${name}`).catch(() => "gone"));
    }
  }
  assert.ok(children.length > 0 && children[0] !== "", "the server has no child");
  const foreign = [...open].filter((target) => /tun|eventfd/.test(target));
  assert.deepEqual(foreign, []);
});

/** Makes an interface that looks as a killed run's does where the kernel has kept it. */
async function linger({ mac }: Network): Promise<void> {
  await mac.ip("tuntap", "add", "dev", "utun0", "mode", "tun");
  await mac.ip("link", "set", "utun0", "up");
  await mac.ip("addr", "add", SERVER_VIRTUAL_ADDRESS, "peer", `${CLIENT_VIRTUAL_ADDRESS}/32`, "dev", "utun0");
  await mac.ip("route", "add", "172.20.0.0/16", "dev", "utun0", "proto", "static");
}

networkTest("a killed run's interface is known by its record and cleaned", {}, async (network, t) => {
  const { mac } = network;
  await using tunnel = await Tunnel.start(network);
  const { control } = tunnel.server.settings;
  const record = control.replace(".sock", ".interface");
  assert.match(await Deno.readTextFile(record), /"interface":"utun0"/);
  await tunnel.server.kill();
  assert.match(await Deno.readTextFile(record), /"interface":"utun0"/);

  await t.step("by cleanup", async () => {
    await linger(network);
    await mac.ip("tuntap", "add", "dev", "utun7", "mode", "tun");
    await mac.ip("link", "set", "utun7", "up");
    await mac.ip("route", "add", "172.31.0.0/16", "dev", "utun7", "proto", "static");
    const args = ["cleanup", "--control", control];
    const env = { DOCKER_HOST: `unix://${network.folder}/none.sock` };
    const { stdout } = await mac.run([binary("docker-connector"), ...args], { env });
    assert.deepEqual(stdout.split("\n").slice(0, 2), [
      "removed route 172.20.0.0/16",
      "removed the addresses of utun0",
    ]);
    assert.equal(await mac.ip("route", "show", "dev", "utun0"), "");
    assert.match(await mac.ip("route", "show", "dev", "utun7"), /^172\.31\./);
    await mac.ip("link", "del", "utun0");
    await assert.rejects(Deno.stat(record), Deno.errors.NotFound);
  });

  await t.step("by the next run, which takes another", async () => {
    tunnel.server.start();
    await tunnel.waitUp();
    await tunnel.server.kill();
    await linger(network);
    tunnel.server.start();
    await tunnel.waitUp();
    assert.equal((await tunnel.server.status())?.interface.name, "utun1");
    assert.match(await mac.ip("route", "show", "172.20.0.0/16"), /dev utun1/);
    assert.ok(await reachable(mac, network.container().address));
    assert.equal((await tunnel.server.stop()).code, 0);
    await assert.rejects(Deno.stat(record), Deno.errors.NotFound);
  });
});

tunnelTest("a route of another program to the tunnel's prefix is never deleted", {
  config: "route 172.20.0.0/16\nroute 172.30.0.0/16\n",
}, async ({ network, tunnel }) => {
  const { mac } = network;
  // Somebody took the prefix while the server ran: the destination alone would name this route now.
  await mac.ip("route", "replace", "172.30.0.0/16", "dev", "eth0");
  await Deno.writeTextFile(tunnel.configFile, "route 172.20.0.0/16\n");
  await tunnel.server.waitForStatus("it is let go", ({ routes }) => routes.length === 1);
  assert.match(await mac.ip("route", "show", "172.30.0.0/16"), /dev eth0/);
  assert.equal((await tunnel.server.stop()).code, 0);
  assert.match(await mac.ip("route", "show", "172.30.0.0/16"), /dev eth0/);
});

tunnelTest(
  "an MTU that others change is put back, though the monitor keeps it to itself",
  {},
  async (topology) => {
    const { network: { mac }, tunnel } = topology;
    const mtu = async () => /mtu (\d+)/.exec(await mac.ip("link", "show", "utun0"))?.[1];
    const before = await mtu();
    await mac.ip("link", "set", "utun0", "mtu", "1300");
    assert.equal(await mtu(), "1300");
    // A look every 5 s, and what it takes to look and to repair.
    await waitUntil("the MTU is back", async () => await mtu() === before, 8_000);
    assert.ok(await tunnel.works());
  },
);

tunnelTest("the macOS side is what runs", {}, async ({ tunnel }) => {
  const record = Deno.env.get("DARWIN_DOUBLE_CALLS");
  assert.ok(record !== undefined);
  const before = (await readCalls(record)).get("poll")?.calls ?? 0;
  assert.ok(await tunnel.works());
  assert.ok(((await readCalls(record)).get("poll")?.calls ?? 0) > before);
});
