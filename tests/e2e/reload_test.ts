import assert from "node:assert/strict";
import { reachable } from "../topology/ping.ts";
import { SERVER_INTERFACE } from "../topology/server_side.ts";
import { Transfer } from "../topology/transfer.ts";
import type { Tunnel } from "../topology/tunnel.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";

/** A change of the file is active this many milliseconds after the write. */
const RELOAD_LIMIT = 1_000;
/** No transfer may stand still longer, in milliseconds; a busy machine alone accounts for a part of it. */
const STALL_LIMIT = 500;

const FIRST = "route 172.20.0.0/16\n";
const SECOND = "route 172.21.0.0/16\n";

/** Waits until the server lists exactly these routes; the milliseconds it took. */
async function routesBecome(tunnel: Tunnel, prefixes: readonly string[]): Promise<number> {
  const start = performance.now();
  await tunnel.server.waitForStatus(
    `the routes are ${prefixes.join(" ")}`,
    (status) => status.routes.map((route) => route.prefix).sort().join() === [...prefixes].sort().join(),
    5_000,
  );
  return performance.now() - start;
}

/** Saves as editors do: a new file is renamed over the old one. */
async function replaceFile(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, text);
  await Deno.rename(`${path}.new`, path);
}

tunnelTest(
  "the config reloads while a transfer runs",
  { containers: [1, 1], config: FIRST },
  async ({ network, tunnel, step }) => {
    const { mac } = network;
    const { configFile } = tunnel;
    const first = network.container(0);
    const second = network.container(1);
    await using running = await Transfer.start({
      from: first.namespace,
      address: first.address,
      to: mac,
      bytes: 150_000_000,
      rate: 10_000_000,
    });

    await step("a route that is added works within a second", async () => {
      assert.equal(await reachable(mac, second.address, 1), false);
      await Deno.writeTextFile(configFile, FIRST + SECOND);
      const took = await routesBecome(tunnel, ["172.20.0.0/16", "172.21.0.0/16"]);
      assert.ok(took <= RELOAD_LIMIT, `reload took ${took} ms`);
      assert.ok(await reachable(mac, second.address));
      assert.match(await mac.ip("route"), new RegExp(`^172\\.21\\.0\\.0/16 .*dev ${SERVER_INTERFACE}`, "m"));
    });

    await step("a route that is removed is gone within a second", async () => {
      await Deno.writeTextFile(configFile, FIRST);
      const took = await routesBecome(tunnel, ["172.20.0.0/16"]);
      assert.ok(took <= RELOAD_LIMIT, `reload took ${took} ms`);
      assert.equal(await reachable(mac, second.address, 1), false);
      assert.doesNotMatch(await mac.ip("route"), /172\.21\./);
    });

    for (const line of ["token foo", "iptables foo", "\u0000\u0001garbage {{ %s", "route 172.21.0.0/99"]) {
      await step(`a faulty line is told and changes nothing: ${JSON.stringify(line)}`, async () => {
        const from = tunnel.server.process.stderr.lines.length;
        // The new route beside the fault must not come into force either.
        await Deno.writeTextFile(configFile, `${FIRST}${SECOND}${line}\n`);
        await tunnel.server.process.stderr.waitFor(/connector-[0-9a-f]{4}\.conf:3:\d+: /, { from });
        const status = await tunnel.server.waitForStatus(
          "the status shows the fault",
          ({ config }) => config.faults.length > 0,
        );
        assert.equal(status.config.faults.length, 1, status.config.faults.join("\n"));
        assert.ok(status.config.faults[0]?.startsWith(`${configFile}:3:`), status.config.faults[0]);
        assert.deepEqual(status.routes.map((route) => route.prefix), ["172.20.0.0/16"]);
        assert.ok(running.running, "the transfer ended");

        await Deno.writeTextFile(configFile, FIRST);
        await tunnel.server.waitForStatus(
          "the fault is gone from the status",
          ({ config }) => config.faults.length === 0,
        );
        const told = tunnel.server.process.stderr.lines.slice(from)
          .filter((text) => text.includes(":3:") && text.includes(" config: "));
        assert.equal(told.length, 1, `the fault was told ${told.length} times`);
      });
    }

    await step("a file that an editor replaces is followed, twice", async () => {
      await replaceFile(configFile, FIRST + SECOND);
      const took = await routesBecome(tunnel, ["172.20.0.0/16", "172.21.0.0/16"]);
      assert.ok(took <= RELOAD_LIMIT, `reload took ${took} ms`);
      await replaceFile(configFile, FIRST);
      await routesBecome(tunnel, ["172.20.0.0/16"]);
    });

    await step(
      "a file that goes away leaves the last config, and is followed when it comes back",
      async () => {
        await Deno.remove(configFile);
        await tunnel.server.waitForStatus(
          "the status tells that the file is missing",
          ({ config }) => config.faults.length > 0,
        );
        assert.ok(await reachable(mac, first.address));
        await Deno.writeTextFile(configFile, FIRST + SECOND);
        await routesBecome(tunnel, ["172.20.0.0/16", "172.21.0.0/16"]);
        const status = await tunnel.server.status();
        assert.deepEqual(status?.config.faults, []);
      },
    );

    await step("a file that is emptied and then filled takes nothing away in between", async () => {
      const before = (await tunnel.server.status())?.config.loadedAt;
      await Deno.writeTextFile(configFile, "");
      // The time in which a server that does not wait has taken every route away.
      assert.ok(await reachable(mac, first.address));
      assert.ok(await reachable(mac, second.address));
      await new Promise((resolve) => setTimeout(resolve, RELOAD_LIMIT));
      await Deno.writeTextFile(configFile, `${FIRST}${SECOND}`);
      const status = await tunnel.server.status();
      assert.equal(status?.config.loadedAt, before);
      assert.deepEqual(status?.routes.map((route) => route.prefix).sort(), [
        "172.20.0.0/16",
        "172.21.0.0/16",
      ]);
    });

    await step("the transfer never stood still", async () => {
      const { longestGapMs, bytes } = await running.finish();
      assert.equal(bytes, 150_000_000);
      assert.ok(longestGapMs < STALL_LIMIT, `no byte arrived for ${longestGapMs} ms`);
    });

    await step("the log level changes without a restart", async () => {
      const { lines } = tunnel.server.process.stderr;
      const load = async (text: string) => {
        const loadedAt = (await tunnel.server.status())?.config.loadedAt;
        await Deno.writeTextFile(configFile, text);
        await tunnel.server.waitForStatus("it is loaded", ({ config }) => config.loadedAt !== loadedAt);
      };
      await load(`${FIRST}${SECOND}loglevel error\n`);
      const before = lines.length;
      await Deno.writeTextFile(configFile, `${FIRST}loglevel error\n`);
      await routesBecome(tunnel, ["172.20.0.0/16"]);
      assert.deepEqual(lines.slice(before), []);
      await load(`${FIRST}loglevel debug\n`);
      await tunnel.client.kill();
      tunnel.client.start();
      await tunnel.server.process.stderr.waitFor(/ debug /, { from: before });
    });
  },
);

tunnelTest(
  "without the watch the config file is read once, and at each SIGHUP",
  { containers: [1, 1], config: FIRST, serverArgs: ["--no-watch"] },
  async ({ network, tunnel }) => {
    await Deno.writeTextFile(tunnel.configFile, FIRST + SECOND);
    // Nothing happens when all is well, so the time in which a watching server has reloaded is awaited.
    assert.equal(await reachable(network.mac, network.container(1).address, 2), false);
    assert.ok(await reachable(network.mac, network.container(0).address));
    tunnel.server.process.signal("SIGHUP");
    await routesBecome(tunnel, ["172.20.0.0/16", "172.21.0.0/16"]);
    assert.ok(await reachable(network.mac, network.container(1).address));
    // The client has nothing to read again, and goes on.
    tunnel.client.process.signal("SIGHUP");
    await tunnel.client.process.stderr.waitFor(/SIGHUP/);
    assert.ok(await tunnel.works());
  },
);
