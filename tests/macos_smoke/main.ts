/**
 * `deno task smoke:macos`: the compiled server on a Mac, under sudo, without Docker. It opens a real utun and routes into it;
 * a client on loopback answers (answering_client.ts). At both MTUs: echoes and HTTP over IPv4 and IPv6, packets as large as the
 * MTU both ways, routes that a `route delete` takes away come back, and at the end interfaces and routes are as they were,
 * after SIGTERM and after SIGKILL.
 *
 * On Linux the same runs as root over the doubles of tests/darwin, in a network namespace of its own. Exit status 0 when all is
 * right, 77 without root.
 *
 * @module
 */
import assert from "node:assert/strict";
import { run as runCommand } from "../../tools/command.ts";
import { ensureDarwinDouble } from "../../tools/darwin_double.ts";
import { readStatus, type ServerStatus } from "../topology/control_socket.ts";
import { Process } from "../topology/process.ts";
import { waitUntil } from "../topology/wait.ts";
import { AnsweringClient } from "./answering_client.ts";
import { ping, SERVER, snapshot, tell } from "./machine.ts";

/** RFC 2544 and RFC 4193: no machine's own network. */
const NETWORKS = [
  { prefix: "198.18.77.0/24", target: "198.18.77.2", family: "-inet" },
  { prefix: "fd00:c0de:77::/64", target: "fd00:c0de:77::2", family: "-inet6" },
] as const;
const PORT = 25110;
const BODY_OCTETS = 400_000;
/** net.inet.raw.maxdgram of macOS: ping sends no more. */
const PING_MAXIMUM = 8000;

function say(text: string): void {
  console.log(`ok  ${text}`);
}

/** Posts a body to the client behind the tunnel and compares what comes back. */
async function echoes(host: string): Promise<void> {
  const body = crypto.getRandomValues(new Uint8Array(BODY_OCTETS % 65536));
  const whole = new Uint8Array(BODY_OCTETS).map((_, at) => body[at % body.length] ?? 0);
  using connection = await Deno.connect({ hostname: host, port: 80 });
  const head = `POST / HTTP/1.0\r\nHost: ${host}\r\nContent-Length: ${whole.length}\r\n\r\n`;
  const writer = connection.writable.getWriter();
  const sent = writer.write(new TextEncoder().encode(head)).then(() => writer.write(whole));
  const pieces = await Array.fromAsync(connection.readable);
  await sent;
  const answer = new Uint8Array(await new Blob(pieces).arrayBuffer());
  assert.ok(new TextDecoder().decode(answer.subarray(0, 15)).startsWith("HTTP/1.0 200 OK"));
  assert.ok(answer.length > whole.length);
  assert.deepEqual(answer.subarray(-whole.length), whole, `${host}: another body came back`);
}

/** One run of the server at an MTU. */
async function tryServer(folder: string, mtu: number, end: "SIGTERM" | "SIGKILL"): Promise<void> {
  const before = await snapshot();
  const config = `${folder}/smoke.conf`;
  const control = `${folder}/smoke-${mtu}-${end}.sock`;
  await Deno.writeTextFile(
    config,
    `docker off\n${NETWORKS.map(({ prefix }) => `route ${prefix}\n`).join("")}`,
  );
  await using server = new Process([
    ...[SERVER, "run", "--config", config, "--control", control],
    ...["--host", "127.0.0.1", "--port", `${PORT}`, "--mtu", `${mtu}`],
  ]);
  try {
    const status = await waitUntil("the server is up", async () => {
      assert.ok(server.running, "the server ended");
      return await readStatus<ServerStatus>(control);
    });
    const { name, mtu: told, address, address6 } = status.interface;
    assert.match(name, /^utun\d+$/);
    assert.equal(told, mtu);
    assert.ok(address6 !== undefined, "the interface has no IPv6 address");
    const shown = await tell("ifconfig", name);
    assert.match(shown, new RegExp(`mtu ${mtu}\\b`));
    assert.ok(shown.includes(address) && shown.includes(address6), shown);
    assert.deepEqual(
      status.routes.map(({ state }) => state),
      ["active", "active"],
      JSON.stringify(status.routes),
    );
    say(`${name} has ${address} and ${address6}, MTU ${mtu}`);

    await using client = new AnsweringClient(PORT, mtu);
    await waitUntil(
      "the server has the client",
      async () => (await readStatus<ServerStatus>(control))?.client?.endpoint !== undefined,
    );
    for (const { prefix, target, family } of NETWORKS) {
      const found = await tell("route", "-n", "get", family, target);
      assert.match(found, new RegExp(`interface: ${name}\\n`));
      await waitUntil(`${target} answers`, () => ping(target, 56), 20_000);
      assert.ok(
        await ping(target, Math.min(mtu - 48, PING_MAXIMUM)),
        `${target} does not answer large echoes`,
      );
      await echoes(target);
      assert.equal(client.largestPacket, mtu, `the largest packet had ${client.largestPacket} octets`);
      client.largestPacket = 0;
      say(`${target}: echoes and ${BODY_OCTETS} octets both ways, in packets of up to ${mtu}`);

      await tell("route", "-q", "-n", "delete", family, prefix);
      await waitUntil(
        `the route to ${prefix} is back`,
        async () =>
          (await tell("route", "-n", "get", family, target).catch(() => "")).includes(`interface: ${name}\n`),
        10_000,
      );
      assert.ok(await ping(target, 56));
      say(`${prefix}: a deleted route came back`);
    }
    const { counters } = await readStatus<ServerStatus>(control) ?? assert.fail("no status");
    assert.ok(counters.outbound.packets > 0 && counters.inbound.packets > 0);

    server.signal(end);
    const { code } = await server.wait();
    if (end === "SIGTERM") assert.equal(code, 0);
    await waitUntil("all is as it was", async () => await snapshot() === before, 5_000)
      .catch(async () => assert.equal(await snapshot(), before));
    say(`after ${end} interfaces and routes are as they were`);
  } catch (error) {
    console.error(server.stderr.tail(40));
    throw error;
  }
}

/** The whole test, in place. */
async function tryAll(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-smoke-" });
  try {
    for (const [mtu, end] of [[1400, "SIGTERM"], [9000, "SIGTERM"], [1400, "SIGKILL"]] as const) {
      await tryServer(folder, mtu, end);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The same on Linux; the exit status. */
async function tryInNamespace(): Promise<number> {
  await ensureDarwinDouble();
  const deno = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", import.meta.filename ?? "", "inside"];
  const command = new Deno.Command("unshare", {
    args: ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...deno],
    stdin: "null",
  });
  return (await command.spawn().status).code;
}

if (import.meta.main) {
  if (Deno.uid() !== 0) {
    console.error(
      "Cannot open a utun interface: the caller is not root. Run with sudo: sudo deno task smoke:macos",
    );
    Deno.exit(77);
  }
  if (Deno.build.os === "linux" && Deno.args[0] !== "inside") Deno.exit(await tryInNamespace());
  const { stdout } = await runCommand([SERVER, "--version"]);
  console.log(`${stdout.trim()} on ${Deno.build.target}`);
  await tryAll();
}
