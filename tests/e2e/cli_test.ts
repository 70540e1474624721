import assert from "node:assert/strict";
import { binary, type Program } from "../topology/daemon.ts";
import type { Network } from "../topology/network.ts";
import { type CommandOutcome, Process, run } from "../topology/process.ts";
import { request, type ServerStatus } from "../topology/control_socket.ts";
import { SERVER_INTERFACE } from "../topology/server_side.ts";
import { networkTest, tunnelTest } from "../topology/tunnel_test_case.ts";

async function server(...args: string[]): Promise<CommandOutcome> {
  return await run([binary("docker-connector"), ...args]);
}

async function client(...args: string[]): Promise<CommandOutcome> {
  return await run([binary("docker-connector-client"), ...args]);
}

async function configFile(network: Network, text: string): Promise<string> {
  const path = await Deno.makeTempFile({ dir: network.folder, suffix: ".conf" });
  await Deno.writeTextFile(path, text);
  return path;
}

networkTest("commands that need no tunnel", {}, async (network, t) => {
  await t.step("check accepts a good file", async () => {
    const file = await configFile(network, "# mine\nroute 172.17.0.0/16\nroute 172.18.0.0/16 expose\n");
    const { code, stderr } = await server("check", "--config", file);
    assert.equal(code, 0, stderr);
  });

  await t.step("check names the place of every fault", async () => {
    const file = await configFile(network, "route 172.17.0.0/16\ntoken foo\nroute x\n");
    const { code, stdout, stderr } = await server("check", "--config", file);
    assert.equal(code, 78);
    const lines = (stdout + stderr).split("\n").filter((line) => line.startsWith(`${file}:`));
    assert.equal(lines.length, 2, stdout + stderr);
    assert.match(lines[0] ?? "", /\.conf:2:\d+: /);
    assert.match(lines[1] ?? "", /\.conf:3:7: /);
  });

  await t.step("the original's spelling of a flag", async () => {
    const file = await configFile(network, "token foo\n");
    assert.equal((await server("check", "-config", file)).code, 78);
    assert.equal((await server("check", `--config=${file}`)).code, 78);
  });

  await t.step("config add, list and remove keep comments and the rest", async () => {
    const file = await configFile(network, "# first\nroute 172.17.0.0/16\n\n# last\n");
    const added = await server("config", "add", "route 172.18.0.0/16", "--config", file);
    assert.equal(added.code, 0, added.stderr);
    const text = await Deno.readTextFile(file);
    assert.match(text, /^# first\nroute 172\.17\.0\.0\/16\n/);
    assert.match(text, /^route 172\.18\.0\.0\/16$/m);
    assert.match(text, /^# last$/m);
    const list = await server("config", "list", "--config", file);
    assert.equal(list.code, 0, list.stderr);
    assert.match(list.stdout, /route 172\.17\.0\.0\/16\n(.*\n)*route 172\.18\.0\.0\/16/);
    const removed = await server("config", "remove", "route 172.18.0.0/16", "--config", file);
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal(await Deno.readTextFile(file), "# first\nroute 172.17.0.0/16\n\n# last\n");
  });

  await t.step("config add refuses a faulty line and leaves the file alone", async () => {
    const file = await configFile(network, "route 172.17.0.0/16\n");
    const { code, stderr } = await server("config", "add", "route nonsense", "--config", file);
    assert.notEqual(code, 0);
    assert.match(stderr, /nonsense/);
    assert.equal(await Deno.readTextFile(file), "route 172.17.0.0/16\n");
  });

  await t.step("twenty edits at the same time lose no line", async () => {
    const file = await configFile(network, "# mine\n");
    const routes = Array.from({ length: 20 }, (_, index) => `route 10.${index}.0.0/16`);
    const outcomes = await Promise.all(
      routes.map((route) => run([binary("docker-connector"), "config", "add", route, "--config", file])),
    );
    assert.deepEqual(outcomes.map(({ code, stderr }) => [code, stderr]), routes.map(() => [0, ""]));
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    assert.deepEqual(lines.sort(), ["# mine", ...routes].sort());
  });

  await t.step("lines come from the input, tokens from token add", async () => {
    const file = await configFile(network, "expose 0.0.0.0:2512\n");
    await using adding = new Process([binary("docker-connector"), "config", "add", "-", "--config", file]);
    await adding.send("token 8k3m5n7p9q2r4s6t8v1w3x5y7z 192.168.251.3");
    await adding.send("route 172.17.0.0/16 expose");
    await adding.endInput();
    assert.equal((await adding.wait()).code, 0, adding.stderr.lines.join("\n"));
    const { code, stdout, stderr } = await server("token", "add", "anna", "--config", file);
    assert.equal(code, 0, stderr);
    assert.equal(
      await Deno.readTextFile(file),
      "expose 0.0.0.0:2512\ntoken 8k3m5n7p9q2r4s6t8v1w3x5y7z 192.168.251.3\n" +
        `route 172.17.0.0/16 expose\ntoken ${stdout} 192.168.251.4\n`,
    );
  });

  await t.step("status and health without a running program", async () => {
    const control = ["--control", `${network.folder}/nothing.sock`];
    assert.equal((await server("status", ...control)).code, 3);
    assert.equal((await server("status", "--json", ...control)).code, 3);
    assert.notEqual((await client("health", ...control)).code, 0);
  });

  for (
    const program of [
      "docker-connector",
      "docker-connector-client",
      "docker-accessor",
    ] as const satisfies Program[]
  ) {
    await t.step(`${program} completes in three shells`, async () => {
      for (const shell of ["bash", "zsh", "fish"]) {
        const { code, stdout, stderr } = await run([binary(program), "completions", shell]);
        assert.equal(code, 0, stderr);
        assert.match(stdout, new RegExp(program));
      }
      const script = `${network.folder}/${program}.bash`;
      const { stdout } = await run([binary(program), "completions", "bash"]);
      await Deno.writeTextFile(script, stdout);
      const parsed = await run(["bash", "-n", script]);
      assert.equal(parsed.code, 0, parsed.stderr);
    });

    await t.step(`${program} helps`, async () => {
      const { code, stdout } = await run([binary(program), "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, /run/);
    });
  }
});

tunnelTest("commands that ask a running program", {}, async ({ network, tunnel, step }) => {
  const control = ["--control", tunnel.server.settings.control];

  await step("status as JSON", async () => {
    const { code, stdout, stderr } = await server("status", "--json", ...control);
    assert.equal(code, 0, stderr);
    const status: ServerStatus = JSON.parse(stdout);
    assert.equal(status.program, "docker-connector");
    assert.equal(status.pid, tunnel.server.process.pid);
    assert.match(status.version, /^\d+\.\d+\.\d+/);
    assert.equal(status.interface.name, SERVER_INTERFACE);
    assert.equal(status.interface.mtu, 1400);
    assert.match(status.interface.address, /^192\.168\.251\.2(\/\d+)?$/);
    assert.match(status.interface.peer, /^192\.168\.251\.1(\/\d+)?$/);
    assert.equal(status.listen, "0.0.0.0:2511");
    assert.ok(status.client?.endpoint?.startsWith(`${network.vmAddress}:`));
    assert.ok((status.client?.lastHeardSeconds ?? 99) < 3);
    assert.equal(status.routes.length, 1);
    assert.equal(status.routes[0]?.prefix, "172.20.0.0/16");
    assert.equal(status.config.file, tunnel.configFile);
    assert.deepEqual(status.config.faults, []);
    assert.ok(Number.isFinite(Date.parse(status.startedAt)));
    assert.ok(status.counters.inbound.packets > 0 && status.counters.outbound.packets > 0);
  });

  await step("status for people", async () => {
    const { code, stdout, stderr } = await server("status", ...control);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /172\.20\.0\.0\/16/);
    assert.ok(stdout.includes(network.vmAddress), stdout);
  });

  await step("a second server refuses and leaves the first one's socket alone", async () => {
    const args = ["run", "--config", tunnel.configFile, "--port", "2512", ...control];
    const { code, stderr } = await network.mac.run([binary("docker-connector"), ...args]);
    assert.equal(code, 74, stderr);
    assert.match(stderr, /another docker-connector is running, process \d+\. Stop it first/);
    assert.equal((await server("status", ...control)).code, 0);
    assert.ok(await tunnel.works());
  });

  await step("the control socket answers only what it knows", async () => {
    const path = tunnel.server.settings.control;
    assert.equal((await request(path, "/v1/status")).status, 200);
    assert.equal((await request(path, "/nothing")).status, 404);
    assert.equal((await request(path, "/v1/status", "POST")).status, 405);
  });

  await step("health follows the tunnel", async () => {
    const health = ["health", "--control", tunnel.client.settings.control];
    assert.equal((await client(...health)).code, 0);
    await tunnel.server.kill();
    await tunnel.client.waitForStatus(
      "the client misses the server",
      ({ server }) => (server.lastHeardSeconds ?? 0) >= 3,
    );
    const { code } = await client(...health);
    assert.notEqual(code, 0);
    tunnel.server.start();
    await tunnel.waitUp();
    assert.equal((await client(...health)).code, 0);
  });
});
