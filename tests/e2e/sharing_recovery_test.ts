import assert from "node:assert/strict";
import { reachable } from "../topology/ping.ts";
import { ANNA, sharingTest } from "../topology/shared_tunnel.ts";
import { Transfer } from "../topology/transfer.ts";
import { WireguardAccessor } from "../topology/wireguard_accessor.ts";
import { WIREGUARD_NEEDS } from "../topology/wireguard_go.ts";

/** Seconds in which wireguard-go, which has data to send, notices that its session is dead: whitepaper section 6.5, 15 s. */
const NOTICE_LIMIT = 25;
/** No transfer may stand still longer while its accessor moves, in milliseconds: TCP's own repetitions are part of it. */
const STALL_LIMIT = 3_000;

sharingTest("an accessor moves, and the server starts again", { lans: 2 }, async (context) => {
  const { network, tunnel, step } = context;
  const { server, configFile } = tunnel;
  const container = network.container();
  const lan = network.lan();
  await using anna = await WireguardAccessor.start({ network, lan, configFile, token: ANNA.token });
  const { namespace } = anna;
  const endpoint = async () => (await context.sharing()).sessions[0]?.endpoint ?? "";
  assert.ok(await reachable(namespace, container.address));

  await step("a transfer goes on while port and address of the accessor change", async () => {
    // It sends, since a moved accessor is found by what comes from it.
    const ends = { from: namespace, address: ANNA.address, to: container.namespace };
    await using running = await Transfer.start({ ...ends, bytes: 30_000_000, rate: 5_000_000 });
    await anna.device.set("listen-port", "51999");
    await context.waitForSharing(
      "it is at the other port",
      ({ sessions }) => sessions[0]?.endpoint === `${lan.address}:51999`,
    );
    const other = "10.78.0.99";
    // Without the first address of a network the others would go too.
    await namespace.ip("addr", "del", `${lan.address}/24`, "dev", "eth0");
    await namespace.ip("addr", "add", `${other}/24`, "dev", "eth0");
    // It holds on to the address that it sent from until it binds again.
    await anna.device.set("listen-port", "52000");
    await context.waitForSharing(
      "it is at the other address",
      ({ sessions }) => sessions[0]?.endpoint === `${other}:52000`,
    );
    assert.ok(running.running, "the transfer was over");
    const { bytes, longestGapMs } = await running.finish();
    assert.equal(bytes, 30_000_000);
    assert.ok(longestGapMs < STALL_LIMIT, `no byte arrived for ${longestGapMs} ms`);
    assert.equal((await context.sharing()).handshakes, 1);
  });

  await step("it is back after the server was killed and started again", async () => {
    await server.kill();
    server.start();
    await tunnel.waitUp();
    assert.ok(await reachable(namespace, container.address, NOTICE_LIMIT));
    assert.equal(await endpoint(), "10.78.0.99:52000");
  });

  await step("a second device with the same token takes its place, and it can take it back", async () => {
    const second = { network, lan: network.lan(1), configFile, token: ANNA.token, keepalive: 0 };
    await using other = await WireguardAccessor.start(second);
    assert.ok(await reachable(other.namespace, container.address));
    assert.match(await endpoint(), new RegExp(`^${network.lan(1).address}:`));
    await anna.configure();
    assert.ok(await reachable(namespace, container.address, NOTICE_LIMIT));
    assert.match(await endpoint(), /^10\.78\.0\.99:/);
    await other.configure();
    assert.ok(await reachable(other.namespace, container.address, NOTICE_LIMIT));
    assert.equal((await context.sharing()).sessions.length, 1);
  });
}, WIREGUARD_NEEDS);
