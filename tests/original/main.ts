/**
 * `sudo deno run -A tests/original/main.ts FOLDER`: tries the compiled programs with those of mac-docker-connector, in
 * both directions. FOLDER holds its programs built for Linux: `orig-server` (its `desktop/`), `orig-client` (`docker/`)
 * and `orig-accessor` (`accessor/`). They are no part of this repository, so the test suite does not run this.
 *
 * Its server has no Linux side of its own. docs/internals/protocol.md says what was added to it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { Daemon } from "../topology/daemon.ts";
import { Network } from "../topology/network.ts";
import { reachable } from "../topology/ping.ts";
import { EXPOSED_PORT } from "../topology/session_pair.ts";
import { ANNA, SHARED, SHARED_CONFIG } from "../topology/shared_tunnel.ts";
import { transfer } from "../topology/transfer.ts";
import { launchServer, SERVER_PORT, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { waitUntil } from "../topology/wait.ts";

const BYTES = 50_000_000;
const { positionals: [folder = "."] } = parseArgs({ allowPositionals: true });
const original = (name: string) => `${Deno.realPathSync(folder)}/orig-${name}`;

/** Moves bytes both ways between a container and another machine, which compares their hashes. */
async function bothWays(network: Network, from: Network["mac"], address: string): Promise<void> {
  const container = network.container();
  await transfer({ from: container.namespace, address: container.address, to: from, bytes: BYTES });
  await transfer({ from, address, to: container.namespace, bytes: BYTES });
}

async function scenario(
  name: string,
  lans: number,
  body: (network: Network) => Promise<void>,
): Promise<void> {
  await using network = await Network.create({ containers: [1, 1], ...lans > 0 ? { lans } : {} });
  await body(network);
  console.log(`passed: ${name}`);
}

await scenario("our server, the original's client", 0, async (network) => {
  const { mac, vm, macAddress } = network;
  const { server } = await launchServer(network);
  await using _server = server;
  await using client = vm.spawn([original("client"), "-host", macAddress, "-heartbeat", "500"]);
  await server.waitForStatus("the client is bound", (status) => status.client !== null);
  await bothWays(network, mac, SERVER_VIRTUAL_ADDRESS);
  await server.stop();
  server.start();
  await server.waitForStatus("the client is bound again", (status) => status.client !== null);
  await waitUntil("it carries again", () => reachable(mac, network.container().address));
  assert.ok(client.running);
});

await scenario("the original's server, our client", 0, async (network) => {
  const { mac, vm, macAddress, folder: scratch } = network;
  const config = `${scratch}/original.conf`;
  await Deno.writeTextFile(config, "route 172.20.0.0/16\n");
  const argv = [original("server"), "-config", config, "-host", "0.0.0.0", "-port", `${SERVER_PORT}`];
  await using server = mac.spawn(argv, { cwd: scratch });
  await using client = new Daemon({
    namespace: vm,
    program: "docker-connector-client",
    args: ["run", "--host", macAddress, "--heartbeat", "500"],
    control: `${scratch}/client.sock`,
  });
  await waitUntil("the container answers", () => reachable(mac, network.container().address));
  await bothWays(network, mac, SERVER_VIRTUAL_ADDRESS);
  await Deno.writeTextFile(
    config,
    "route 172.20.0.0/16\nroute 172.21.0.0/16\niptables 172.20.0.0+172.21.0.0\n",
  );
  await waitUntil("the new route carries", () => reachable(mac, network.container(1).address));
  assert.ok(client.process.running && server.running);
});

/** Saves a hosts file and gives the line that names it. */
async function hostsLine(folder: string): Promise<string> {
  const file = `${folder}/hosts`;
  await Deno.writeTextFile(
    file,
    "127.0.0.1 localhost\n127.0.0.1 dev.example.test api.example.test\n10.1.2.3 db.inc\n",
  );
  return `hosts ${file} .test .inc\n`;
}

/** Waits until a container's query for a name, to a server that knows it not, is answered with the desktop's address. */
async function resolves(network: Network): Promise<void> {
  const query = ["busybox", "nslookup", "-type=a", "dev.example.test", "172.20.0.1"];
  await waitUntil("the container resolves the name", async () => {
    const { stdout } = await network.container().namespace.run(query, { deadline: 8_000 });
    return stdout.includes(SERVER_VIRTUAL_ADDRESS);
  }, 20_000);
}

await scenario("our server's names, the original's client", 0, async (network) => {
  const { vm, macAddress } = network;
  const { server } = await launchServer(network, { config: await hostsLine(network.folder) });
  await using _server = server;
  await using _client = vm.spawn([original("client"), "-host", macAddress, "-heartbeat", "500"]);
  await server.waitForStatus("the client is bound", (status) => status.client !== null);
  await resolves(network);
});

await scenario("the original's server's names, our client", 0, async (network) => {
  const { mac, vm, macAddress, folder: scratch } = network;
  const config = `${scratch}/original.conf`;
  await Deno.writeTextFile(config, await hostsLine(scratch));
  const argv = [original("server"), "-config", config, "-host", "0.0.0.0", "-port", `${SERVER_PORT}`];
  await using _server = mac.spawn(argv, { cwd: scratch });
  await vm.exec(["iptables-nft", "-N", "DOCKER-USER"]);
  await using _client = new Daemon({
    namespace: vm,
    program: "docker-connector-client",
    args: ["run", "--host", macAddress, "--heartbeat", "500"],
    control: `${scratch}/client.sock`,
  });
  await resolves(network);
});

await scenario("our server, the original's client and accessor", 1, async (network) => {
  const { vm, macAddress, macLanAddress } = network;
  const lan = network.lan().namespace;
  const config = SHARED_CONFIG.replace(SHARED.expose, `expose 0.0.0.0:${EXPOSED_PORT} legacy\n`);
  const { server } = await launchServer(network, { config });
  await using _server = server;
  await using _client = vm.spawn([original("client"), "-host", macAddress, "-heartbeat", "500"]);
  await server.waitForStatus("the client is bound", (status) => status.client !== null);
  const remote = `${macLanAddress}:${EXPOSED_PORT}`;
  await using accessor = lan.spawn([original("accessor"), "-remote", remote, "-token", ANNA.token]);
  await waitUntil("the exposed container answers", () => reachable(lan, network.container().address), 20_000);
  await bothWays(network, lan, ANNA.address);
  assert.equal(await reachable(lan, network.container(1).address), false, "not exposed");
  assert.ok(accessor.running);
});
