import assert from "node:assert/strict";
import { IMAGE } from "../../tools/release/names.ts";
import { binary } from "../topology/daemon.ts";
import { DockerMachine } from "../topology/docker_machine.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import type { Network } from "../topology/network.ts";
import { snapshot } from "../topology/snapshot.ts";
import { launchServer } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const NAME = "mac-connector";
const MANAGED = { config: "", serverEnv: { DOCKER_CONNECTOR_IMAGE: "" } };

/** Runs the command in a namespace of the network, by default the desktop's. */
async function cleanUp(network: Network, control: string, socket: string, args: readonly string[] = []) {
  const argv = [binary("docker-connector"), "cleanup", "--control", control, ...args];
  const { code, stdout, stderr } = await network.mac.run(argv, {
    env: { DOCKER_HOST: `unix://${socket}` },
    deadline: 20_000,
  });
  return { code, stdout: stdout.trim().split("\n"), stderr: stderr.trim() };
}

networkTest("cleanup takes away what a killed run has left", { containers: [] }, async (network, t) => {
  const { mac } = network;
  await using machine = await DockerMachine.start(network);
  const { socket } = machine.engine;
  const page = await machine.runPage("page");
  const before = await snapshot(mac);
  const { server } = await launchServer(network, { ...MANAGED, engineSocket: socket });
  await using _server = server;
  const { control } = server.settings;
  await server.waitForStatus("the client is there", ({ client }) => client !== null);

  await t.step("not while the server runs, and says which", async () => {
    const { code, stdout, stderr } = await cleanUp(network, control, socket);
    assert.deepEqual([code, stdout], [1, [""]]);
    assert.equal(
      stderr,
      `docker-connector: Cannot clean up: docker-connector runs (pid ${server.process.pid}). Stop it first`,
    );
    assert.ok((await server.status())?.client);
  });

  await t.step("container, socket, and an interface that was made to stay, with its routes", async () => {
    await server.kill();
    await mac.ip("tuntap", "add", "dev", "connector0", "mode", "tun");
    await mac.ip("link", "set", "connector0", "up");
    await mac.ip("route", "add", "172.30.0.0/16", "dev", "connector0", "proto", "static");
    await mac.ip("route", "add", "172.31.0.0/16", "via", network.vmAddress);
    const withForeign = (await snapshot(mac)).split("\n").filter((line) => !line.includes("connector0")).join(
      "\n",
    );
    const { code, stdout, stderr } = await cleanUp(network, control, socket);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(stdout, [
      "removed route 172.30.0.0/16",
      "removed interface connector0",
      `removed container ${NAME}`,
      `removed control socket ${control}`,
      `removed capture socket ${control}.capture`,
    ]);
    await assert.rejects(Deno.lstat(control), Deno.errors.NotFound);
    assert.equal(
      (await snapshot(mac)).split("\n").filter((line) => !line.includes("connector0")).join("\n"),
      withForeign,
    );
    await mac.ip("route", "del", "172.31.0.0/16");
    assert.equal(await snapshot(mac), before);
    const left = await machine.engine.docker("container", "ls", "--all", "--format", "{{.Names}}");
    assert.equal(left.trim(), "page");
    assert.ok(!(await network.vm.ip("-o", "link")).includes("connector0"), "the client still runs");
    assert.ok(
      !(await network.vm.exec(["iptables-nft-save"])).includes("docker-connector"),
      "its rules are left",
    );
    assert.match(page, /^172\.17\./);
  });

  await t.step("and the second time says that nothing was left", async () => {
    assert.deepEqual(await cleanUp(network, control, socket), {
      code: 0,
      stdout: ["nothing was left"],
      stderr: "",
    });
  });

  await t.step("a container that was kept goes with docker off too", async () => {
    const file = `${network.folder}/off.conf`;
    await Deno.writeTextFile(file, "docker off\n");
    await machine.engine.docker("create", "--name", NAME, "--label", "docker-connector=kept", IMAGE);
    const { code, stdout } = await cleanUp(network, control, socket, ["--config", file]);
    assert.deepEqual([code, stdout], [0, [`removed container ${NAME}`]]);
  });

  await t.step("a container that is not this program's stays", async () => {
    await machine.engine.docker("rename", "page", NAME);
    const { stdout } = await cleanUp(network, control, socket);
    assert.deepEqual(stdout, ["nothing was left"]);
    await machine.engine.docker("container", "inspect", NAME);
  });
}, ENGINE_NEEDS);

networkTest("cleanup does what it can and says what it could not", { containers: [] }, async (network, t) => {
  const { mac, folder } = network;
  const control = `${folder}/control.sock`;
  const nowhere = `${folder}/nowhere.sock`;

  await t.step("without an Engine", async () => {
    await mac.ip("tuntap", "add", "dev", "connector0", "mode", "tun");
    const { code, stdout, stderr } = await cleanUp(network, control, nowhere);
    assert.deepEqual([code, stdout], [69, ["removed interface connector0"]]);
    assert.match(stderr, /nowhere\.sock: nothing listens there\. Start Docker$/);
  });

  await t.step("an Engine that the config file switches off is not missed", async () => {
    const file = `${folder}/off.conf`;
    await Deno.writeTextFile(file, "docker off\n");
    const { code, stdout } = await cleanUp(network, control, nowhere, ["--config", file]);
    assert.deepEqual([code, stdout], [0, ["nothing was left"]]);
  });

  await t.step("an interface of that name which is no tunnel's, or is in use, stays", async () => {
    await mac.ip("link", "add", "connector0", "type", "bridge");
    const { code, stderr } = await cleanUp(network, control, nowhere);
    assert.equal(code, 1);
    assert.match(stderr, /Cannot remove interface connector0: it is no tunnel's/);
    await mac.ip("link", "del", "connector0");
    const { server } = await launchServer(network, { config: "docker off\n" });
    await using _server = server;
    await server.waitForStatus("it is up", () => true);
    const busy = await cleanUp(network, control, nowhere);
    assert.match(busy.stderr, /Cannot remove interface connector0: a program uses it/);
    assert.ok(await server.status());
  });
});
