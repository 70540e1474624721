import assert from "node:assert/strict";
import { launchAccessor, startAccessor, waitJoined, withAccessorLog } from "../topology/accessor.ts";
import { COMPILER_NEEDS } from "../topology/gate.ts";
import { reachable } from "../topology/ping.ts";
import { Relay } from "../topology/relay.ts";
import { EXPOSED_PORT } from "../topology/session_pair.ts";
import { ANNA, sharingTest } from "../topology/shared_tunnel.ts";
import { Transfer, transfer } from "../topology/transfer.ts";
import { waitUntil } from "../topology/wait.ts";

/** Milliseconds after which a server that has come back is found: three heartbeats without an answer, then an attempt each 5 s. */
const FOUND_AGAIN = 12_000;

sharingTest("an accessor comes back by itself", {}, async ({ network, tunnel: { server }, ...shared }) => {
  const lan = network.lan();
  const { namespace } = lan;
  const container = network.container();
  await using accessor = await startAccessor({ network, lan, token: ANNA.token });
  const step = (name: string, run: () => Promise<void>) =>
    shared.step(name, () => withAccessorLog(accessor, run));
  const comesBack = () =>
    waitUntil("the container is reached", () => reachable(namespace, container.address, 1), FOUND_AGAIN);

  await step("a transfer goes on when its own address changes", async () => {
    await using running = await Transfer.start({
      ...{ from: container.namespace, address: container.address, to: namespace },
      ...{ bytes: 60_000_000, rate: 10_000_000 },
    });
    await namespace.ip("addr", "del", `${lan.address}/24`, "dev", "eth0");
    await namespace.ip("addr", "add", "10.78.0.99/24", "dev", "eth0");
    const { longestGapMs } = await running.finish();
    console.log(`longest gap while roaming: ${longestGapMs} ms`);
    assert.ok(longestGapMs < 2_000, `it stood still for ${longestGapMs} ms`);
    const { sessions } = await shared.sharing();
    assert.match(sessions[0]?.endpoint ?? "", /^10\.78\.0\.99:/);
  });

  await step("after the server was stopped and started", async () => {
    await server.stop();
    await accessor.waitForStatus("it sees that", (status) => status.server.state === "unreachable", 20_000);
    await accessor.process.stderr.waitFor(/warn .*server is unreachable/);
    server.start();
    const start = performance.now();
    await comesBack();
    console.log(`after a restart of the server: ${Math.round(performance.now() - start)} ms`);
    assert.equal((await accessor.status())?.server.state, "connected");
  });

  await step("after the server was killed, in the middle of traffic", async () => {
    await using _ping = namespace.spawn(["ping", "-n", "-i", "0.2", container.address]);
    await server.kill();
    server.start();
    await comesBack();
  });

  await step("after the network was away", async () => {
    await namespace.ip("link", "set", "eth0", "down");
    await accessor.waitForStatus("it sees that", (status) => status.server.state === "unreachable", 20_000);
    await namespace.ip("link", "set", "eth0", "up");
    await comesBack();
  });

  await step("when the server moves to another address and its name with it", async () => {
    await accessor.stop();
    const folder = `${network.folder}/hosts`;
    const point = async (address: string) => {
      await Deno.writeTextFile(folder, `${address} desktop.test\n`);
    };
    await point(network.macLanAddress);
    await using named = launchAccessor({
      ...{ network, lan, token: ANNA.token, remote: `desktop.test:${EXPOSED_PORT}` },
      wrapper: ["unshare", "-m", "sh", "-c", `mount --bind ${folder} /etc/hosts && exec "$@"`, "sh"],
    });
    await waitJoined(named);
    // A server that goes on would be followed to where its datagrams come from.
    await server.stop();
    await point("10.78.0.2");
    await network.mac.ip("addr", "del", `${network.macLanAddress}/24`, "dev", "lan");
    await network.mac.ip("addr", "add", "10.78.0.2/24", "dev", "lan");
    server.start();
    await waitUntil("the container is reached", () => reachable(namespace, container.address, 1), 25_000);
    assert.equal((await named.status())?.server.endpoint, `10.78.0.2:${EXPOSED_PORT}`);
  });
});

sharingTest("a bad network changes no byte of an accessor's transfer", {}, async ({ network, step }) => {
  const lan = network.lan();
  await using relay = await Relay.startBetween(
    lan.namespace,
    { address: network.macLanAddress, port: EXPOSED_PORT },
    { address: "127.0.0.1", program: "impaired_relay", args: ["20260401"] },
  );
  await using accessor = await startAccessor({ network, lan, token: ANNA.token, remote: relay.target });
  await step("from a container", () =>
    withAccessorLog(accessor, async () => {
      const { namespace, address } = network.container();
      const bytes = 40_000_000;
      const { seconds } = await transfer({ from: namespace, address, to: lan.namespace, bytes });
      console.log(`${bytes / 1e6} MB in ${seconds.toFixed(1)} s`);
      const status = await accessor.status();
      const { decryptFailed = 0, replayed = 0 } = status?.counters.drops ?? {};
      assert.ok(
        decryptFailed > 0 && replayed > 0,
        "damaged and repeated datagrams have come, and none got past the seal",
      );
      assert.equal(status?.server.state, "connected");
    }));
}, COMPILER_NEEDS);
