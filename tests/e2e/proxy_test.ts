/** Containers reach services of the desktop's loopback at the server's virtual addresses: `proxy` lines. */
import assert from "node:assert/strict";
import type { ServerStatus } from "../topology/control_socket.ts";
import { SERVER_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS_6 } from "../topology/tunnel.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";
import { fetchPage, servePage } from "../topology/web.ts";

const ROUTE = "route 172.20.0.0/16\n";
const PAGE = "proxy 8080:80\n";
const DNS = "proxy 127.0.0.1:53:5353\n";

tunnelTest(
  "a proxy line brings a service of the desktop's loopback to containers",
  { config: ROUTE + PAGE + DNS, lans: 1 },
  async ({ network, tunnel, step }) => {
    const { mac, folder } = network;
    const container = network.container().namespace;
    const proxyOf = ({ proxies }: ServerStatus, target: string) =>
      proxies.find((one) => one.target === target);
    const status = async () => await tunnel.server.status() ?? assert.fail("the server does not answer");
    await using page = await servePage(mac, folder, "page of the desktop");
    await step("by TCP, also from the machine itself and by IPv6", async () => {
      assert.equal(await fetchPage(container, SERVER_VIRTUAL_ADDRESS, 80), "page of the desktop");
      assert.equal(await fetchPage(network.vm, `[${SERVER_VIRTUAL_ADDRESS_6}]`, 80), "page of the desktop");
    });

    await step("by UDP", async () => {
      await using names = mac.spawnScript("name_server.ts", ["127.0.0.1", "desktop.test", "10.1.2.3"]);
      await names.stdout.waitFor(/bound/);
      const asked = ["busybox", "nslookup", "-type=a", "desktop.test", `${SERVER_VIRTUAL_ADDRESS}:5353`];
      assert.match((await container.run(asked)).stdout, /10\.1\.2\.3/);
      await tunnel.server.waitForStatus(
        "the flow is shown",
        (status) => proxyOf(status, "127.0.0.1:53")?.flows === 1,
      );
    });

    await step(
      "the local network does not reach it, although the desktop would take its packets",
      async () => {
        const { namespace } = network.lan();
        await namespace.ip("route", "add", SERVER_VIRTUAL_ADDRESS, "via", network.macLanAddress);
        await assert.rejects(fetchPage(namespace, SERVER_VIRTUAL_ADDRESS, 80));
        assert.equal(proxyOf(await status(), "127.0.0.1:8080")?.accepted, 2);
      },
    );

    await step("a connection outlives a change of other lines, and ends with its own", async () => {
      // It has sent half a request: the server waits for the rest.
      await using open = container.spawn(["busybox", "nc", SERVER_VIRTUAL_ADDRESS, "80"]);
      const connections = (count: number) => (status: ServerStatus) =>
        (proxyOf(status, "127.0.0.1:8080")?.connections ?? 0) === count;
      await tunnel.server.waitForStatus("the connection is there", connections(1));
      await Deno.writeTextFile(tunnel.configFile, `${ROUTE}${PAGE}proxy 9009:9\n`);
      await tunnel.server.waitForStatus("the other line is active", (status) => {
        return proxyOf(status, "127.0.0.1:9009") !== undefined &&
          proxyOf(status, "127.0.0.1:53") === undefined;
      });
      assert.ok(open.running && connections(1)(await status()));
      await Deno.writeTextFile(tunnel.configFile, `${ROUTE}proxy 9009:9\n`);
      await waitUntil("the connection ends", () => Promise.resolve(!open.running));
      await assert.rejects(fetchPage(container, SERVER_VIRTUAL_ADDRESS, 80));
    });

    await step("a service that is down is told, and reached when it is up", async () => {
      const started = performance.now();
      await assert.rejects(fetchPage(container, SERVER_VIRTUAL_ADDRESS, 9));
      assert.ok(performance.now() - started < 4_000, "the container was not turned away at once");
      await tunnel.server.waitForStatus("the reason is shown", (status) => {
        return proxyOf(status, "127.0.0.1:9009")?.fault?.includes("refused") === true;
      });
      await using _late = await servePage(mac, folder, "late", 9009);
      assert.equal(await fetchPage(container, SERVER_VIRTUAL_ADDRESS, 9), "late");
      await tunnel.server.waitForStatus("it is free of faults", (status) => {
        return proxyOf(status, "127.0.0.1:9009")?.fault === undefined;
      });
    });
    assert.ok(page.running);
  },
);
