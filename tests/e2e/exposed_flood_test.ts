import assert from "node:assert/strict";
import { reachable } from "../topology/ping.ts";
import { startAccessor } from "../topology/accessor.ts";
import { EXPOSED_PORT } from "../topology/session_pair.ts";
import { ANNA, sharingTest } from "../topology/shared_tunnel.ts";
import { Transfer } from "../topology/transfer.ts";

/** Datagrams of the flood, and how many of them a second. */
const DATAGRAMS = 300_000;
const RATE = 50_000;
/** A transfer of some four seconds. */
const BYTES = 16_000_000;
const BYTES_PER_SECOND = 4_000_000;
/** Clock ticks a second of /proc (USER_HZ, sysconf(3): 100 on all Linux). */
const TICKS = 100;

/** Milliseconds of processor time that a process's main thread has used. */
async function mainThreadMilliseconds(pid: number): Promise<number> {
  const line = await Deno.readTextFile(`/proc/${pid}/task/${pid}/stat`);
  // Behind the name, which may have spaces: utime and stime are fields 14 and 15 (proc(5)), the state is field 3.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 1000 / TICKS;
}

sharingTest(
  "a flood from strangers costs the main thread little and sessions nothing",
  { lans: 2 },
  async (context) => {
    const { network, tunnel: { server }, step } = context;
    const container = network.container();
    await using _anna = await startAccessor({ network, lan: network.lan(0), token: ANNA.token });
    const { namespace } = network.lan(0);
    const pid = (await server.status())?.pid ?? assert.fail("no status");
    assert.ok(await reachable(namespace, container.address));
    const transfer = () =>
      Transfer.start({
        from: container.namespace,
        address: container.address,
        to: namespace,
        bytes: BYTES,
        rate: BYTES_PER_SECOND,
      });

    await step(`${DATAGRAMS} datagrams, ${RATE} a second`, async () => {
      await using quiet = await transfer();
      const before = (await quiet.finish()).seconds;
      await using running = await transfer();
      const args = [network.macLanAddress, String(EXPOSED_PORT), String(DATAGRAMS), String(RATE)];
      const used = await mainThreadMilliseconds(pid);
      const flood = network.lan(1).namespace.spawnScript("stranger_flood.ts", args);
      const { milliseconds } = JSON.parse(await flood.stdout.waitFor(/milliseconds/, { deadline: 60_000 }));
      const share = (await mainThreadMilliseconds(pid) - used) / milliseconds;
      const during = (await running.finish()).seconds;
      await flood.wait();
      const { drops } = await context.sharing();
      const rate = Math.round(DATAGRAMS / milliseconds * 1000);
      const found = JSON.stringify({ rate, share, before, during, drops });
      assert.ok(share < 0.3, `the main thread took its time for strangers: ${found}`);
      assert.ok(before / during > 0.9, `the session was slower: ${found}`);
      const counted = ["unknownIndex", "oversize", "notLoggedIn", "handshakeRateLimited", "unknownToken"];
      for (const reason of counted) assert.ok((drops[reason] ?? 0) > 0, `${reason} is not counted: ${found}`);
    });

    await step("the session goes on", async () => {
      assert.ok(await reachable(namespace, container.address));
    });
  },
);
