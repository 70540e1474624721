import assert from "node:assert/strict";
import { DockerEngine } from "../topology/docker_engine.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { runPageContainer } from "../topology/page_container.ts";
import { lookUp, withResolver } from "../topology/resolver.ts";
import { binary } from "../topology/daemon.ts";
import { SERVER_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS_6, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

/** Milliseconds from the end of a docker command to the new answer: the promised second, and one more on a busy machine. */
const CHANGE_LIMIT = 2_000;

networkTest("containers are found by name", { containers: [], lans: 1 }, async (network, t) => {
  const { mac, vm, folder } = network;
  await using engine = new DockerEngine(network);
  await engine.start();
  await engine.createNetwork("web", "10.99.0.0/24", "fd00:99::/64");
  await using tunnel = await Tunnel.start(network, { config: "", engineSocket: engine.socket });
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, body));
  const page = (name: string, ...options: string[]) => runPageContainer(engine, folder, name, ...options);
  const ask = (name: string, type?: string) => lookUp(mac, SERVER_VIRTUAL_ADDRESS, name, type);
  /** Waits until a name has this answer; the milliseconds it took. */
  const becomes = async (name: string, answer: string, type?: string) => {
    const start = performance.now();
    await waitUntil(`${name} is ${answer}`, async () => await ask(name, type) === answer, 10_000);
    return performance.now() - start;
  };
  /** The same after a change in the Engine. */
  const follows = async (name: string, answer: string) => {
    const took = await becomes(name, answer);
    console.log(`${name} is ${answer} after ${took.toFixed()} ms`);
    assert.ok(took <= CHANGE_LIMIT, `it took ${took} ms`);
  };
  const status = await tunnel.server.waitForStatus(
    "DNS is answered",
    ({ names }) => (names?.listen.length ?? 0) > 1,
  );
  assert.deepEqual(status.names?.listen, [
    `${SERVER_VIRTUAL_ADDRESS} port 53`,
    `${SERVER_VIRTUAL_ADDRESS_6} port 53`,
  ]);

  await step("by programs whose resolver leads here, on every port", async () => {
    await page("web", "--network", "web", "--ip", "10.99.0.5", "--ip6", "fd00:99::5");
    await follows("web.container.internal", "10.99.0.5");
    const file = `${folder}/resolv.conf`;
    await Deno.writeTextFile(file, `nameserver ${SERVER_VIRTUAL_ADDRESS}\n`);
    const run = (...argv: string[]) => withResolver(mac, file, argv);
    assert.match(await run("getent", "ahostsv4", "web.container.internal"), /^10\.99\.0\.5 /);
    assert.match(await run("getent", "ahostsv6", "web.container.internal"), /^fd00:99::5 /);
    assert.match(await run("getent", "hosts", "10.99.0.5"), /web\.container\.internal/);
    const wget = ["busybox", "wget", "-q", "-O", "-", "http://web.container.internal:8080/"];
    assert.equal(await run(...wget), "page of web");
    assert.equal(await run("getent", "ahostsv4", "nobody.container.internal"), "");
  });

  await step("with the codes of DNS for what is not there", async () => {
    assert.equal(await ask("x.web.container.internal"), "10.99.0.5");
    assert.equal(await ask("web.container.internal", "AAAA"), "fd00:99::5");
    assert.equal(await ask("nobody.container.internal"), "NXDOMAIN");
    assert.equal(await ask("example.com"), "REFUSED");
    assert.equal(await lookUp(mac, SERVER_VIRTUAL_ADDRESS_6, "web.container.internal"), "10.99.0.5");
    assert.equal(await ask("desktop.container.internal"), SERVER_VIRTUAL_ADDRESS);
    assert.equal(
      await lookUp(vm, SERVER_VIRTUAL_ADDRESS, "desktop.container.internal"),
      SERVER_VIRTUAL_ADDRESS,
      "the machine of Docker asks too",
    );
  });

  await step("not by a machine of the local network", async () => {
    const { namespace } = network.lan();
    await namespace.ip("route", "add", SERVER_VIRTUAL_ADDRESS, "via", network.macLanAddress);
    const script = `timeout 1 busybox nslookup web.container.internal ${SERVER_VIRTUAL_ADDRESS}`;
    const { stdout } = await namespace.run(["sh", "-c", script]);
    assert.doesNotMatch(stdout, /10\.99/);
    const { names } = await tunnel.server.status() ?? {};
    assert.ok(names && names.refused > 0, "its query came");
  });

  await step("by the new name after a rename, within a second", async () => {
    await engine.docker("rename", "web", "shop");
    await follows("shop.container.internal", "10.99.0.5");
    assert.equal(await ask("web.container.internal"), "NXDOMAIN");
  });

  await step("by the new address after a change of it, within a second", async () => {
    await engine.docker("network", "disconnect", "web", "shop");
    await engine.docker("network", "connect", "--ip", "10.99.0.77", "--alias", "store", "web", "shop");
    await follows("shop.container.internal", "10.99.0.77");
    assert.equal(await ask("store.container.internal"), "10.99.0.77", "its alias");
  });

  await step("by service and number, as Docker Compose labels them", async () => {
    for (const number of ["1", "2", "3"]) {
      const label = (name: string, value: string) => ["--label", `com.docker.compose.${name}=${value}`];
      const labels = [
        ...label("project", "demo"),
        ...label("service", "api"),
        ...label("container-number", number),
      ];
      await page(`demo-api-${number}`, "--network", "web", "--ip", `10.99.0.10${number}`, ...labels);
    }
    await follows("3.api.demo.container.internal", "10.99.0.103");
    const all = (await ask("api.demo.container.internal")).split(" ").sort().join(" ");
    assert.equal(all, "10.99.0.101 10.99.0.102 10.99.0.103");
    assert.equal(await ask("4.api.demo.container.internal"), "NXDOMAIN");
  });

  await step("in the list of containers", async () => {
    const argv = [binary("docker-connector"), "ls", "--control", tunnel.server.settings.control];
    const table = await mac.exec(argv);
    assert.match(table, /^NAME +ADDRESS +NETWORK +PORTS +URL$/m);
    assert.match(table, /^shop\.container\.internal +10\.99\.0\.77 +web$/m);
    const containers = JSON.parse(await mac.exec([...argv, "--json"]));
    const api = containers.find(({ name }: { readonly name: string }) => name === "demo-api-2");
    assert.equal(api.networks[0].address, "10.99.0.102");
    assert.ok(api.names.includes("2.api.demo.container.internal"), JSON.stringify(api));
  });

  await step("no longer once it has ended, within a second", async () => {
    await engine.docker("rm", "--force", "demo-api-2");
    await follows("2.api.demo.container.internal", "NXDOMAIN");
  });

  await step("below another domain, or not at all, as the config file says from then on", async () => {
    await Deno.writeTextFile(tunnel.configFile, "dns box.test\n");
    await becomes("shop.box.test", "10.99.0.77");
    assert.equal(await ask("shop.container.internal"), "REFUSED");
    await Deno.writeTextFile(tunnel.configFile, "dns off\n");
    await tunnel.server.waitForStatus("names are off", ({ names }) => names === null);
  });

  await step("as soon as the port is free, which status tells of", async () => {
    const other = await mac.serve(["busybox", "httpd", "-f", "-p", `${SERVER_VIRTUAL_ADDRESS}:53`], 53);
    await Deno.writeTextFile(tunnel.configFile, "dns container.internal\n");
    const { names } = await tunnel.server.waitForStatus(
      "the fault",
      ({ names }) => names?.fault !== undefined,
    );
    assert.match(
      names?.fault ?? "",
      /Cannot answer DNS at 192\.168\.251\.2:53: another program listens there/,
    );
    await other.stop();
    await waitUntil(
      "names are answered",
      async () => await ask("shop.container.internal") === "10.99.0.77",
      15_000,
    );
  });
}, ENGINE_NEEDS);
