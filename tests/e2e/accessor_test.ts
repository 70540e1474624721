import assert from "node:assert/strict";
import { launchAccessor, startAccessor, waitJoined, withAccessorLog } from "../topology/accessor.ts";
import { Capture, CAPTURE_NEEDS } from "../topology/capture.ts";
import type { AccessorStatus } from "../topology/control_socket.ts";
import { binary, type Daemon } from "../topology/daemon.ts";
import { ping, reachable } from "../topology/ping.ts";
import { lookUp } from "../topology/resolver.ts";
import { ACCESSOR_INTERFACE } from "../topology/server_side.ts";
import { EXPOSED_PORT } from "../topology/session_pair.ts";
import { ANNA, BERT, SHARED, sharingTest, STRANGER } from "../topology/shared_tunnel.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { waitUntil } from "../topology/wait.ts";
import { fetchPage, servePage } from "../topology/web.ts";

const ACCESS = SHARED.expose + SHARED.anna + SHARED.bert;
const FIRST = "172.20.0.0/16";
const SECOND = "172.21.0.0/16";
/** A change of the file reaches accessors within this many milliseconds. */
const RELOAD_LIMIT = 1_000;

/** Waits until an accessor lists exactly these routes as active; the milliseconds it took. */
async function routesBecome(accessor: Daemon<AccessorStatus>, prefixes: readonly string[]): Promise<number> {
  const start = performance.now();
  await accessor.waitForStatus(
    `the routes are ${prefixes.join(" ")}`,
    ({ routes }) =>
      routes.filter(({ state }) => state === "active").map(({ prefix }) => prefix).join() === prefixes.join(),
    5_000,
  );
  return performance.now() - start;
}

sharingTest(
  "a teammate joins over an encrypted wire",
  {},
  async ({ network, configure, ...shared }) => {
    const lan = network.lan();
    const { namespace } = lan;
    const [exposed, hidden] = [network.container(0), network.container(1)];
    await using capture = await Capture.start(namespace, "eth0", network.folder);
    await using accessor = await startAccessor({ network, lan, token: ANNA.token });
    const step = (name: string, run: () => Promise<void>) =>
      shared.step(name, () => withAccessorLog(accessor, run));

    await step("it reaches what is exposed and nothing else", async () => {
      const page = "PAYLOAD-THAT-NOBODY-ELSE-READS".repeat(20);
      await using _page = await servePage(exposed.namespace, network.folder, page);
      assert.equal(await fetchPage(namespace, exposed.address), page);
      assert.ok(await reachable(namespace, SERVER_VIRTUAL_ADDRESS));
      assert.equal((await ping(namespace, exposed.address, { packetSize: 1400 })).received, 1);
      await namespace.ip("route", "add", SECOND, "dev", ACCESSOR_INTERFACE);
      assert.equal((await ping(namespace, hidden.address)).received, 0);
      await namespace.ip("route", "del", SECOND, "dev", ACCESSOR_INTERFACE);
    });

    await step("it is told of the server's names", async () => {
      const { names } = await accessor.waitForStatus("the domain", ({ names }) => names !== undefined);
      assert.equal(names?.domain, "container.internal");
      const ask = (name: string) => lookUp(namespace, SERVER_VIRTUAL_ADDRESS, name);
      assert.equal(await ask("desktop.container.internal"), SERVER_VIRTUAL_ADDRESS);
      assert.equal(await ask("nobody.container.internal"), "NXDOMAIN");
    });

    await step("neither token nor payload nor route crosses the wire in clear", async () => {
      const seen = await capture.finish();
      assert.ok(seen.length > 1000, `${seen.length} octets were captured`);
      for (const secret of [ANNA.token, "PAYLOAD-THAT", "route 172", "HTTP/1"]) {
        assert.ok(!seen.includes(secret), secret);
      }
    });

    await step("status tells what is active", async () => {
      const status = await accessor.status();
      assert.ok(status);
      const { server, routes, counters, dataPlane } = status;
      assert.deepEqual(status.interface, {
        name: ACCESSOR_INTERFACE,
        mtu: 1400,
        address: ANNA.address,
        peer: SERVER_VIRTUAL_ADDRESS,
      });
      assert.equal(server.host, `${network.macLanAddress}:${EXPOSED_PORT}`);
      assert.equal(server.endpoint, server.host);
      assert.equal(server.state, "connected");
      assert.deepEqual(routes, [{ prefix: FIRST, state: "active" }]);
      assert.ok(counters.outbound.packets > 0 && counters.inbound.packets > 0);
      assert.ok(["libcrypto", "wasm"].includes(dataPlane.cipher));
      const { control } = accessor.settings;
      const { code, stdout } = await namespace.run([
        binary("docker-accessor"),
        "status",
        "--control",
        control,
      ]);
      assert.equal(code, 0);
      assert.match(stdout, /^server +10\.78\.0\.1:2512, connected, heard /m);
      assert.match(stdout, /^routes +172\.20\.0\.0\/16 +active$/m);
      assert.ok(!stdout.includes(ANNA.token) && !JSON.stringify(status).includes(ANNA.token));
    });

    await step("routes that become exposed, or are no more, follow at once", async () => {
      await configure(`route ${FIRST} expose\nroute ${SECOND} expose\n${ACCESS}`);
      const added = await routesBecome(accessor, [FIRST, SECOND]);
      assert.ok(added <= RELOAD_LIMIT, `it took ${added} ms`);
      assert.ok(await reachable(namespace, hidden.address));
      await configure(`route ${FIRST}\nroute ${SECOND} expose\n${ACCESS}`);
      const removed = await routesBecome(accessor, [SECOND]);
      assert.ok(removed <= RELOAD_LIMIT, `it took ${removed} ms`);
      assert.ok(!(await namespace.ip("route")).includes(FIRST));
    });

    await step("another address of the token is taken over without a pause", async () => {
      await configure(`route ${FIRST} expose\nroute ${SECOND} expose\n${ACCESS.replace("251.3", "251.9")}`);
      await accessor.waitForStatus(
        "it has the new address",
        (status) => status.interface?.address.endsWith(".9") === true,
      );
      await routesBecome(accessor, [FIRST, SECOND]);
      assert.ok(await reachable(namespace, exposed.address));
      const addresses = await namespace.ip("-o", "-4", "addr", "show", "dev", ACCESSOR_INTERFACE);
      assert.match(addresses, /192\.168\.251\.9 peer 192\.168\.251\.2/);
      assert.ok(!addresses.includes("251.3"), addresses);
    });

    await step("what another program takes away comes back", async () => {
      await namespace.ip("route", "del", FIRST, "dev", ACCESSOR_INTERFACE);
      await namespace.ip("addr", "flush", "dev", ACCESSOR_INTERFACE);
      await waitUntil("the container is reached again", () => reachable(namespace, exposed.address, 1));
      await accessor.process.stderr.waitFor(/interface repaired/);
    });

    await step("nothing stays after it, and its exit status is 0", async () => {
      const { code } = await accessor.stop();
      assert.equal(code, 0);
      assert.ok(!/utun|accessor0|172\./.test(await namespace.ip("route")));
      const { code: absent } = await namespace.run(
        [binary("docker-accessor"), "status", "--control", accessor.settings.control],
      );
      assert.equal(absent, 3);
    });
  },
  CAPTURE_NEEDS,
);

const CLASHING = "10.78.0.0/24";
const INSIDE = "172.22.5.0/24";

sharingTest("some exposed networks are not routed", {
  lans: 2,
  config: [FIRST, INSIDE, SECOND, CLASHING].map((prefix) => `route ${prefix} expose\n`).join("") + ACCESS,
}, async ({ network, step }) => {
  await step("an excluded prefix, and every one inside it", async () => {
    await using accessor = await startAccessor({
      ...{ network, lan: network.lan(0), token: ANNA.token },
      args: ["-exclude", `${FIRST}, 172.22.0.0/16,172.21.5.0/24`],
    });
    await withAccessorLog(accessor, async () => {
      const status = await accessor.status();
      assert.deepEqual(status?.routes.map(({ prefix, state }) => `${prefix} ${state}`).sort(), [
        `${CLASHING} failed`,
        `${FIRST} excluded`,
        `${SECOND} active`,
        `${INSIDE} excluded`,
      ]);
      assert.ok(!/172\.2[02]\./.test(await network.lan(0).namespace.ip("route")));
      await accessor.process.stderr.waitFor(/Cannot exclude 172\.21\.5\.0\/24 alone/);
    });
  });

  await step("one that clashes is named, and works once the clash is over", async () => {
    const { namespace } = network.lan(1);
    await namespace.ip("link", "add", "home0", "type", "bridge");
    await namespace.ip("addr", "add", "172.21.7.1/24", "dev", "home0");
    await namespace.ip("link", "set", "home0", "up");
    await using accessor = await startAccessor({ network, lan: network.lan(1), token: BERT.token });
    await withAccessorLog(accessor, async () => {
      const status = await accessor.status();
      const clash = status?.routes.find(({ prefix }) => prefix === SECOND);
      assert.equal(clash?.state, "failed");
      assert.match(
        clash?.fault ?? "",
        /172\.21\.0\.0\/16: clash, this machine reaches 172\.21\.7\.0\/24 by home0/,
      );
      await accessor.process.stderr.waitFor(/warn .*clash, this machine reaches 172\.21\.7\.0\/24 by home0/);
      await accessor.process.stderr.waitFor(/10\.78\.0\.0\/24: the server itself is in it/);
      await namespace.ip("link", "del", "home0");
      await accessor.waitForStatus(
        "only the server's own network is left out",
        ({ routes }) => routes.every(({ prefix, state }) => state === "active" || prefix === CLASHING),
      );
      assert.ok(await reachable(namespace, network.container(1).address));
    });
  });
});

sharingTest("an accessor without a way in says so", { lans: 2 }, async ({ network, step, sharing }) => {
  await step("a token that the server does not have gets no answer", async () => {
    await using accessor = launchAccessor({ network, lan: network.lan(0), token: STRANGER });
    await withAccessorLog(accessor, async () => {
      await accessor.process.stderr.waitFor(/warn .*No answer from 10\.78\.0\.1:2512\. Check the token/, {
        deadline: 15_000,
      });
      const status = await accessor.status();
      assert.equal(status?.server.state, "searching");
      assert.equal(status?.server.lastHeardSeconds, null);
      assert.equal(status?.interface, null);
      assert.equal((await sharing()).sessions.length, 0);
      assert.equal((await accessor.stop()).code, 0);
      assert.ok(!accessor.transcript().includes(STRANGER));
    });
  });

  await step("a machine without a network is told, and joins as soon as there is a way", async () => {
    const { namespace } = network.lan(1);
    const remote = "198.51.100.1:2512";
    await using accessor = launchAccessor({ network, lan: network.lan(1), token: BERT.token, remote });
    await accessor.process.stderr.waitFor(
      /warn .*Cannot reach 198\.51\.100\.1:2512: the network is unreachable/,
    );
    await namespace.ip("route", "add", "198.51.100.1", "via", network.macLanAddress);
    await network.mac.ip("addr", "add", "198.51.100.1/32", "dev", "lan");
    await withAccessorLog(accessor, async () => {
      await waitJoined(accessor);
    });
  });
});
