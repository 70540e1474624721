import assert from "node:assert/strict";
import { startAccessor, withAccessorLog } from "../topology/accessor.ts";
import { DockerEngine } from "../topology/docker_engine.ts";
import { runPageContainer } from "../topology/page_container.ts";
import { RESOLVED_NEEDS, ResolvedMachine } from "../topology/resolved_machine.ts";
import { ACCESSOR_INTERFACE, SERVER_INTERFACE } from "../topology/server_side.ts";
import { ANNA, SHARED } from "../topology/shared_tunnel.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

/**
 * Milliseconds from the end of a docker command to the new answer: the second for which systemd-resolved keeps the old one, and
 * two more on a busy machine.
 */
const CHANGE_LIMIT = 3_000;

/** What a program on the machine gets at an address, by curl. */
async function fetchPage(machine: ResolvedMachine, url: string, ...options: string[]): Promise<string> {
  return (await machine.run("curl", "--silent", "--max-time", "5", ...options, url)).stdout;
}

/** The addresses of a name by the C library, in order; empty for none. */
async function addressesOf(machine: ResolvedMachine, name: string, list = "ahostsv4"): Promise<string> {
  const { stdout } = await machine.run("getent", list, name);
  return [...new Set(stdout.split("\n").flatMap((line) => line.split(" ")[0] || []))].sort().join(" ");
}

/** Waits until a name has these addresses, and asserts that it did not take long. */
async function follows(
  machine: ResolvedMachine,
  name: string,
  addresses: string,
  limit = CHANGE_LIMIT,
): Promise<void> {
  const start = performance.now();
  const what = `${name} is ${addresses || "nothing"}`;
  await waitUntil(what, async () => await addressesOf(machine, name) === addresses);
  const took = performance.now() - start;
  console.log(`${what} after ${took.toFixed()} ms`);
  assert.ok(took <= limit, `it took ${took} ms`);
}

/** Asserts that systemd-resolved has nothing left of an interface and finds a name no more. */
async function assertForgotten(machine: ResolvedMachine, interfaceName: string, name: string): Promise<void> {
  const { code, stdout } = await machine.run("resolvectl", "status");
  assert.equal(code, 0);
  assert.ok(!stdout.includes(interfaceName) && !stdout.includes("container.internal"), stdout);
  assert.equal(await addressesOf(machine, name), "");
}

networkTest(
  "systemd-resolved is led to the names of containers",
  { containers: [], lans: 1 },
  async (network, t) => {
    const { mac, folder } = network;
    await using engine = new DockerEngine(network);
    await engine.start();
    await using desktop = await ResolvedMachine.start(mac, folder);
    await engine.createNetwork("web", "10.99.0.0/24", "fd00:99::/64");
    await engine.createNetwork("hidden", "10.98.0.0/24");
    await using tunnel = await Tunnel.start(network, {
      config: `route 10.99.0.0/24 expose\n${SHARED.expose}${SHARED.anna}`,
      engineSocket: engine.socket,
      serverWrapper: desktop.wrapper,
    });
    const step = (name: string, body: () => Promise<void>) =>
      t.step(name, () => withTranscript(tunnel, body));
    const page = (name: string, ...options: string[]) => runPageContainer(engine, folder, name, ...options);

    await step("by the server itself", async () => {
      const { names } = await tunnel.server.waitForStatus(
        "the resolver is set up",
        ({ names }) => names?.resolver.kind === "systemd-resolved",
      );
      assert.deepEqual(names?.resolver, { kind: "systemd-resolved" });
      const shown = async (what: string) => (await desktop.run("resolvectl", what, SERVER_INTERFACE)).stdout;
      assert.match(await shown("domain"), /: ~container\.internal$/m);
      assert.ok((await shown("dns")).trim().endsWith(`: ${SERVER_VIRTUAL_ADDRESS}`));
    });

    await step("for the C library and curl, by IPv4 and IPv6", async () => {
      await page("web", "--network", "web", "--ip", "10.99.0.5", "--ip6", "fd00:99::5");
      await follows(desktop, "web.container.internal", "10.99.0.5");
      assert.equal(await addressesOf(desktop, "web.container.internal", "ahostsv6"), "fd00:99::5");
      for (const family of ["--ipv4", "--ipv6"]) {
        assert.equal(
          await fetchPage(desktop, "http://web.container.internal:8080/", family),
          "page of web",
          family,
        );
      }
    });

    await step("which is not asked for other names", async () => {
      assert.equal(await addressesOf(desktop, "www.example.com"), "");
      assert.equal((await tunnel.server.status())?.names?.refused, 0);
    });

    await step("after a rename", async () => {
      await engine.docker("rename", "web", "shop");
      await follows(desktop, "shop.container.internal", "10.99.0.5");
      await follows(desktop, "web.container.internal", "");
      assert.equal(await fetchPage(desktop, "http://shop.container.internal:8080/"), "page of web");
    });

    await step("after a start with another address", async () => {
      await engine.docker("stop", "shop");
      await follows(desktop, "shop.container.internal", "");
      await engine.docker("network", "disconnect", "web", "shop");
      await engine.docker("network", "connect", "--ip", "10.99.0.77", "web", "shop");
      await engine.docker("start", "shop");
      await follows(desktop, "shop.container.internal", "10.99.0.77");
      assert.equal(await fetchPage(desktop, "http://shop.container.internal:8080/", "--ipv4"), "page of web");
    });

    await step("for three replicas of a Compose service", async () => {
      for (const number of ["1", "2", "3"]) {
        const labels = Object.entries({ project: "demo", service: "api", "container-number": number })
          .flatMap(([name, value]) => ["--label", `com.docker.compose.${name}=${value}`]);
        await page(`demo-api-${number}`, "--network", "web", "--ip", `10.99.0.10${number}`, ...labels);
      }
      await follows(desktop, "api.demo.container.internal", "10.99.0.101 10.99.0.102 10.99.0.103");
      for (const number of ["1", "2", "3"]) {
        const url = `http://${number}.api.demo.container.internal:8080/`;
        assert.equal(await fetchPage(desktop, url), `page of demo-api-${number}`);
      }
    });

    await step("on an accessor's machine, to those that are exposed", async () => {
      const lan = network.lan();
      await page("secret", "--network", "hidden", "--ip", "10.98.0.5");
      await follows(desktop, "secret.container.internal", "10.98.0.5");
      await using machine = await ResolvedMachine.start(lan.namespace, folder);
      const { wrapper } = machine;
      await using accessor = await startAccessor({ network, lan, token: ANNA.token, wrapper });
      await withAccessorLog(accessor, async () => {
        const { names } = await accessor.waitForStatus(
          "the resolver is set up",
          ({ names }) => names?.resolver.kind === "systemd-resolved",
        );
        assert.deepEqual(names?.resolver, { kind: "systemd-resolved" });
        await follows(machine, "shop.container.internal", "10.99.0.77");
        assert.equal(await fetchPage(machine, "http://shop.container.internal:8080/"), "page of web");
        assert.equal(await addressesOf(machine, "secret.container.internal"), "");
        await engine.docker("rename", "shop", "store");
        await follows(machine, "store.container.internal", "10.99.0.77");
        assert.equal(await fetchPage(machine, "http://store.container.internal:8080/"), "page of web");
        assert.equal((await accessor.stop()).code, 0);
        await assertForgotten(machine, ACCESSOR_INTERFACE, "store.container.internal");
      });
    });

    await step("again by a server that starts after one was killed", async () => {
      await tunnel.server.kill();
      await assertForgotten(desktop, SERVER_INTERFACE, "store.container.internal");
      tunnel.server.start();
      await follows(desktop, "store.container.internal", "10.99.0.77", 10_000);
      await tunnel.waitUp();
      assert.equal(await fetchPage(desktop, "http://store.container.internal:8080/"), "page of web");
    });

    await step("until the server ends, which leaves nothing", async () => {
      assert.equal((await tunnel.server.stop()).code, 0);
      await assertForgotten(desktop, SERVER_INTERFACE, "store.container.internal");
    });
  },
  RESOLVED_NEEDS,
);
