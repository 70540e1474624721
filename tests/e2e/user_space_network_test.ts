/**
 * What happens to the tunnel behind a network in user space, as that of Docker Desktop is. The tests of tunnel, Docker and
 * sharing run behind it too: see tools/suite.ts.
 */
import assert from "node:assert/strict";
import { CLOCK_NEEDS, ProgramClock, stopMachine } from "../topology/machine_stop.ts";
import { reachable } from "../topology/ping.ts";
import { CLIENT_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { USER_SPACE_NEEDS } from "../topology/user_space_network.ts";
import { fetchPage, servePage } from "../topology/web.ts";

/** Milliseconds in which the tunnel is back after the cause has ended. */
const BACK_LIMIT = 2_000;
/** Milliseconds between heartbeats where nobody chose: client/run_command.ts. */
const HEARTBEAT = 5_000;
/** Seconds after which Docker Desktop's network kills a UDP port (docker/for-mac issue 7555). */
const IDLE_LIMIT = 60;
const KEY = "correct-horse-battery-staple";

/** Milliseconds from `cause` until an echo comes through. */
async function timeUntilBack(tunnel: Tunnel, since: number): Promise<number> {
  await tunnel.waitForEcho(4 * BACK_LIMIT);
  return performance.now() - since;
}

const NEEDS = {
  ...USER_SPACE_NEEDS,
  programs: [...USER_SPACE_NEEDS.programs, ...CLOCK_NEEDS.programs],
  packages: [...USER_SPACE_NEEDS.packages, ...CLOCK_NEEDS.packages],
};

networkTest("behind a network in user space", { link: "user-space" }, async (network, t) => {
  const clock = await ProgramClock.create(network.folder);
  await using tunnel = await Tunnel.start(network, {
    config: `key ${KEY}\nroute 172.20.0.0/16\n`,
    clientArgs: ["--key", KEY],
    clientEnv: clock.env,
    heartbeat: HEARTBEAT,
  });
  const endpoint = async () => (await tunnel.server.status())?.client?.endpoint;
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, body));

  await step("a UDP port that the network killed is replaced by another", async () => {
    const before = await endpoint();
    // Longer than between two heartbeats, as any pause that kills a port is outside of a test.
    await network.userSpace.killIdlePorts(HEARTBEAT / 1000 - 1);
    await stopMachine(network, HEARTBEAT + 1_000);
    const took = await timeUntilBack(tunnel, performance.now());
    console.log(`back ${took.toFixed(0)} ms after the machine went on`);
    assert.ok(took < BACK_LIMIT, `back after ${took} ms`);
    assert.notEqual(await endpoint(), before);
    await network.userSpace.killIdlePorts(IDLE_LIMIT);
  });

  await step("an idle tunnel keeps its port alive", async () => {
    const before = await endpoint();
    await network.userSpace.killIdlePorts(HEARTBEAT / 1000 + 2);
    const start = performance.now();
    await tunnel.server.waitForStatus(
      "three heartbeats have come",
      () => performance.now() - start > 3 * HEARTBEAT,
      4 * HEARTBEAT,
    );
    assert.equal(await endpoint(), before);
    assert.ok(await reachable(network.mac, CLIENT_VIRTUAL_ADDRESS, 1));
    await network.userSpace.killIdlePorts(IDLE_LIMIT);
  });

  await step("after all UDP was dropped, the tunnel is back", async () => {
    await network.userSpace.dropUdp(true);
    await tunnel.client.waitForStatus(
      "the client misses the server",
      ({ server }) => (server.lastHeardSeconds ?? 0) >= 8,
      12_000,
    );
    assert.equal(await reachable(network.mac, network.container().address, 1), false);
    await network.userSpace.dropUdp(false);
    const took = await timeUntilBack(tunnel, performance.now());
    console.log(`back ${took.toFixed(0)} ms after UDP passed again`);
    assert.ok(took < BACK_LIMIT, `back after ${took} ms`);
  });

  await step(
    "the machine wakes with its clock 90 s behind and its port killed, as after 90 s of sleep",
    async () => {
      const before = await endpoint();
      await network.userSpace.killIdlePorts(HEARTBEAT / 1000 - 1);
      await stopMachine(network, HEARTBEAT + 1_000, () => clock.set(-90));
      const took = await timeUntilBack(tunnel, performance.now());
      console.log(`back ${took.toFixed(0)} ms after the machine went on`);
      assert.ok(took < BACK_LIMIT, `back after ${took} ms`);
      assert.notEqual(await endpoint(), before);
      await using _page = await servePage(network.container().namespace, network.folder, "awake");
      assert.equal(await fetchPage(network.mac, network.container().address), "awake");
    },
  );
}, NEEDS);
