import assert from "node:assert/strict";
import { HostileAccessor } from "../topology/hostile_accessor.ts";
import { throughput } from "../topology/iperf.ts";
import { reachable } from "../topology/ping.ts";
import { datagramsWithoutRoom } from "../topology/flood.ts";
import { residentBytes } from "../topology/resident_memory.ts";
import { ANNA, BERT, sharingTest } from "../topology/shared_tunnel.ts";
import { Transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { WireguardAccessor } from "../topology/wireguard_accessor.ts";
import { WIREGUARD_NEEDS } from "../topology/wireguard_go.ts";

const INITIATIONS = 20_000;
const DATAGRAMS = 500_000;
/** Initiations a second, 50 times what the server answers. */
const RATE = 5_000;
/** Ten times what the server answers, and no more than it looks at. */
const COOKIE_RATE = 1_000;
/** Resident memory may grow by this many bytes, over all floods: 61 for each datagram, and less than any was. */
const GROWTH_LIMIT = 32 << 20;

sharingTest("hostile accessors do not disturb the others", { lans: 2 }, async (context) => {
  const { network, tunnel: { configFile, server }, step } = context;
  const container = network.container();
  await using anna = await WireguardAccessor.start({
    network,
    lan: network.lan(),
    configFile,
    token: ANNA.token,
  });
  await using bert = await HostileAccessor.start(network, 1, BERT, container.address);
  const { namespace } = anna;
  const pid = (await server.status())?.pid ?? assert.fail("no status");
  assert.ok(await reachable(namespace, container.address));
  assert.equal((await bert.command("echo")).result, true);
  const memory = await residentBytes(pid);
  const lines = server.process.stderr.lines.length;
  const run = { from: namespace, to: container.namespace, address: container.address, seconds: 3 };

  await step(
    `an established session keeps half its throughput in a flood of ${INITIATIONS} initiations`,
    async () => {
      const before = await throughput(run);
      const flood = bert.command(`initiations ${INITIATIONS} ${RATE}`);
      const during = await throughput({ ...run, port: 5202 });
      const { milliseconds } = await flood;
      assert.ok(milliseconds > 3_500, `the flood took ${milliseconds} ms, less than the measurement`);
      const { drops } = await context.sharing();
      assert.ok(during > before / 2, `${during} of ${before} bit/s`);
      const told = [
        "unknownToken",
        "cookieSent",
        "handshakeRefused",
        "controlQueueFull",
        "handshakeRateLimited",
      ];
      const counted = told.reduce((sum, reason) => sum + (drops[reason] ?? 0), 0);
      assert.ok(counted > INITIATIONS * 0.9, JSON.stringify(drops));
    },
  );

  await step("who comes again is asked for a cookie, and gets in while the flood lasts", async () => {
    let isOver = false;
    const flood = bert.command(`initiations ${INITIATIONS / 2} ${COOKIE_RATE}`).then(() => isOver = true);
    const { cookieSent = 0 } = (await context.sharing()).drops;
    await context.waitForSharing(
      "cookies are asked for",
      ({ drops }) => (drops["cookieSent"] ?? 0) > cookieSent,
    );
    await anna.configure();
    assert.ok(await reachable(namespace, container.address, 9));
    assert.equal(isOver, false, "the flood was over");
    await flood;
  });

  await step(
    `${DATAGRAMS} replayed, cut, changed and forged messages leave sessions as they are`,
    async () => {
      const before = (await context.sharing()).drops;
      const roomless = await datagramsWithoutRoom(network.mac);
      await using running = await Transfer.start({
        from: container.namespace,
        address: container.address,
        to: namespace,
        bytes: 40_000_000,
        rate: 4_000_000,
      });
      await bert.command(`datagrams ${DATAGRAMS}`, 120_000);
      await running.finish();
      const { drops, sessions } = await context.sharing();
      const rise = (reason: string) => (drops[reason] ?? 0) - (before[reason] ?? 0);
      const counted = Object.keys(drops).reduce((sum, reason) => sum + rise(reason), 0);
      const unread = await datagramsWithoutRoom(network.mac) - roomless;
      console.log(
        `${counted} counted, ${unread} had no room in a queue: ${JSON.stringify(drops)}`,
      );
      assert.ok(counted + unread > 0.95 * DATAGRAMS, `${counted + unread} are accounted for`);
      // Half of what each way to spoil a message gives: a fifth of all, of the cut ones a quarter shorter than a header and tag.
      const least = { decryptFailed: 0.1, replayed: 0.1, unknownIndex: 0.1, malformed: 0.025 };
      for (const [reason, share] of Object.entries(least)) {
        assert.ok(rise(reason) > DATAGRAMS * share, `${reason} ${rise(reason)}`);
      }
      assert.deepEqual(sessions.map(({ address }) => address).sort(), [ANNA.address, BERT.address]);
      assert.ok(await reachable(namespace, SERVER_VIRTUAL_ADDRESS));
      assert.equal((await bert.command("echo")).result, true);
    },
  );

  await step("memory and log stay bounded", async () => {
    assert.equal((await server.status())?.pid, pid);
    const growth = await residentBytes(pid) - memory;
    console.log(`memory grew by ${(growth / 2 ** 20).toFixed(1)} MiB`);
    assert.ok(growth < GROWTH_LIMIT, `memory grew by ${growth >> 20} MiB`);
    assert.ok(server.process.stderr.lines.length - lines < 20, "datagrams were logged one by one");
  });
}, WIREGUARD_NEEDS);
