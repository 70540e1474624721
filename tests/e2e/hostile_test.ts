import assert from "node:assert/strict";
import { type CommonStatus, droppedDatagrams } from "../topology/control_socket.ts";
import type { Daemon } from "../topology/daemon.ts";
import { assertBounded, type FloodTarget } from "../topology/flood.ts";
import { Relay, strangerDatagram, strangerFlood } from "../topology/relay.ts";
import { defaultConfig, SERVER_PORT, Tunnel } from "../topology/tunnel.ts";
import { networkTest, tunnelTest, withTranscript } from "../topology/tunnel_test_case.ts";

const DATAGRAMS = 200_000;
/** Milliseconds in which a tunnel with heartbeats every 500 ms is back. */
const BACK_LIMIT = 8_000;

/** A daemon as the target of a flood; what it carries counts as well as what it drops. */
function floodTarget<Status extends CommonStatus>(daemon: Daemon<Status>): FloodTarget {
  return {
    pid: daemon.process.pid,
    namespace: daemon.settings.namespace,
    async counted() {
      const { counters } = await daemon.status() ?? assert.fail("no status");
      return droppedDatagrams(counters) + counters.inbound.packets;
    },
  };
}

tunnelTest("strangers cannot disturb the server", {}, async ({ network, tunnel, step }) => {
  const { mac, vm, macAddress } = network;
  const { server } = tunnel;
  const endpoint = (await server.status())?.client?.endpoint;
  assert.ok(endpoint);

  const datagrams: readonly (readonly [string, string])[] = [
    ["an IPv4 packet", "45000014000000004001f9b6c0a8fb01c0a8fb02"],
    ["a truncated IPv4 packet", "4500"],
    ["an IPv6 packet", "60000000000000ff" + "00".repeat(32)],
    ["one byte that is no heartbeat", "02"],
    ["one byte of an IPv4 header", "45"],
    ["a heartbeat with a tail", "0000"],
    ["a line for the config file", "01726f7574652031302e302e302e302f38"],
    ["a control header", "01ffff"],
  ];
  for (const [title, hex] of datagrams) {
    await step(`${title} from another port does not take the tunnel`, async () => {
      const before = droppedDatagrams((await server.status())?.counters ?? assert.fail("no status"));
      const config = await Deno.readTextFile(tunnel.configFile);
      await strangerDatagram(vm, macAddress, SERVER_PORT, hex);
      const status = await server.waitForStatus(
        "the server has counted the drop",
        ({ counters }) => droppedDatagrams(counters) > before,
      );
      assert.equal(status.client?.endpoint, endpoint);
      assert.equal(await Deno.readTextFile(tunnel.configFile), config);
      assert.ok(await tunnel.works());
    });
  }

  await step(`${DATAGRAMS} random datagrams are dropped, counted and forgotten`, async () => {
    const before = await server.status() ?? assert.fail("no status");
    const lines = server.process.stderr.lines.length;
    const config = await Deno.readTextFile(tunnel.configFile);
    await assertBounded(floodTarget(server), {
      // Half from the client's own machine, half from the server's.
      async send() {
        const floods = [vm, mac].map((from) => strangerFlood(from, macAddress, SERVER_PORT, DATAGRAMS / 2));
        return (await Promise.all(floods)).reduce((sum, sent) => sum + sent);
      },
      recovered: async () => assert.ok(await tunnel.works()),
      accounted: 0.999,
    });
    const after = await server.status() ?? assert.fail("no status");
    assert.equal(after.pid, before.pid);
    assert.equal(after.client?.endpoint, endpoint);
    assert.equal(await Deno.readTextFile(tunnel.configFile), config);
    assert.ok(server.process.stderr.lines.length - lines < 20, "datagrams were logged one by one");
  });
});

networkTest("random bytes in a peer's name do no lasting harm", {}, async (network, t) => {
  await using relay = await Relay.start(network);
  await using tunnel = await Tunnel.start(network, {
    clientTarget: relay.target,
    config: `addr6 off\n${defaultConfig(network)}`,
  });
  const { server, client } = tunnel;
  const step = (name: string, run: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, run));

  for (const [target, daemon] of [["server", server], ["client", client]] as const) {
    await step(`${DATAGRAMS} random datagrams at the ${target}`, async () => {
      const before = await daemon.status() ?? assert.fail("no status");
      const lines = daemon.process.stderr.lines.length;
      await assertBounded(floodTarget<CommonStatus>(daemon), {
        send: async () => Number((await relay.command(`flood ${target} ${DATAGRAMS}`, 60_000))["sent"]),
        async recovered() {
          await tunnel.waitUp(BACK_LIMIT);
          assert.ok(await tunnel.works());
        },
        // The others are messages that are understood, such as a heartbeat.
        accounted: 0.9,
      });
      assert.equal((await daemon.status())?.pid, before.pid);
      assert.ok(daemon.process.stderr.lines.length - lines < 50, "datagrams were logged one by one");
    });
  }

  await step("an IPv6 packet in a peer's name is dropped and counted", async () => {
    const packet = "6000000000083a40" + "fd".repeat(32) + "8000000000000000";
    for (const [target, daemon] of [["server", server], ["client", client]] as const) {
      const before = (await daemon.status())?.counters.drops["ipv6Off"] ?? 0;
      await relay.command(`inject ${target} ${packet}`);
      await daemon.waitForStatus(
        `the ${target} has counted it`,
        ({ counters }) => (counters.drops["ipv6Off"] ?? 0) > before,
      );
    }
  });

  await step("a stranger's bytes at the client's socket change nothing", async () => {
    const { mac, vmAddress } = network;
    const { client: port } = await relay.command("who");
    const before = await client.status();
    await strangerFlood(mac, vmAddress, Number(port), 20_000);
    assert.ok(await tunnel.works());
    assert.equal((await client.status())?.server.endpoint, before?.server.endpoint);
  });
});
