import assert from "node:assert/strict";
import type { ServerStatus } from "../topology/control_socket.ts";
import type { Namespace } from "../topology/namespace.ts";
import { reachable } from "../topology/ping.ts";
import { isDarwinServer, SERVER_INTERFACE } from "../topology/server_side.ts";
import { defaultConfig, Tunnel } from "../topology/tunnel.ts";
import { networkTest, tunnelTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

/** What was taken away is back after this many milliseconds; on macOS each look and each repair takes several programs. */
const BACK_LIMIT = isDarwinServer ? 3_000 : 1_000;
/** A program that takes it away without end is told of after this many, though it leaves little time to anybody else. */
const FIGHT_LIMIT = isDarwinServer ? 15_000 : 5_000;
const SUBNET = "172.20.0.0/16";
/** On macOS each route costs a process. */
const MANY = isDarwinServer ? 100 : 10_000;

/** The routes of a namespace, those of the tunnel or all others; without those to the kernel's own fe80 addresses. */
async function routes(namespace: Namespace, which: "own" | "foreign"): Promise<string[]> {
  const text = [await namespace.ip("route"), await namespace.ip("-6", "route")].join("\n");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("fe80:"))
    .filter((line) => /\b(connector0|utun0)\b/.test(line) === (which === "own"))
    .map((line) => line.trim()).sort();
}

/** Waits until the tunnel's routes are these again; the milliseconds it took. */
async function routesComeBack(namespace: Namespace, wanted: readonly string[]): Promise<number> {
  const start = performance.now();
  await waitUntil(
    "the routes are back",
    async () => (await routes(namespace, "own")).join() === wanted.join(),
    5 * BACK_LIMIT,
  );
  return performance.now() - start;
}

function routeOf({ routes }: ServerStatus, prefix: string) {
  return routes.find((route) => route.prefix === prefix);
}

networkTest("what others take from interface and routes comes back", {}, async (network, t) => {
  const { mac, vm } = network;
  const { address } = network.container();
  // Routes of somebody else, one of them into the tunnel's neighbourhood.
  await mac.ip("link", "add", "vpn0", "type", "bridge");
  await mac.ip("addr", "add", "10.66.0.1/24", "dev", "vpn0");
  await mac.ip("link", "set", "vpn0", "up");
  await mac.ip("route", "add", "10.67.0.0/16", "dev", "vpn0");
  const config = `${defaultConfig(network)}route fd00:172:20::/64\n`;
  await using tunnel = await Tunnel.start(network, { config });
  await tunnel.client.waitForStatus("IPv6 is on", (status) => status.interface.address6 !== undefined);
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, body));
  const before = { mac: await routes(mac, "own"), vm: await routes(vm, "own") };
  const foreign = { mac: await routes(mac, "foreign"), vm: await routes(vm, "foreign") };
  assert.equal(before.mac.filter((line) => line.includes("proto static")).length, 2, before.mac.join("\n"));

  const lose = async (side: "mac" | "vm", ...commands: string[][]) => {
    const namespace = network[side];
    for (const command of commands) await namespace.ip(...command);
    const took = await routesComeBack(namespace, before[side]);
    console.log(
      `${side}: ${commands.map((words) => words.join(" ")).join("; ")}: back after ${took.toFixed()} ms`,
    );
    assert.ok(took <= BACK_LIMIT, `it took ${took} ms`);
    await waitUntil("the container answers", () => reachable(mac, address, 1), BACK_LIMIT);
    assert.deepEqual(await routes(namespace, "foreign"), foreign[side]);
  };

  await step("a route that was deleted", () => lose("mac", ["route", "del", SUBNET]));
  await step("an IPv6 route", () => lose("mac", ["-6", "route", "del", "fd00:172:20::/64"]));
  await step("addresses that were flushed", () => lose("mac", ["addr", "flush", "dev", SERVER_INTERFACE]));
  await step("the client's route", () => lose("vm", ["route", "del", "192.168.251.0/24"]));
  await step("the client's addresses", () => lose("vm", ["addr", "flush", "dev", "connector0"]));

  await step("nothing is said to be wrong", async () => {
    const [server, client] = [await tunnel.server.status(), await tunnel.client.status()];
    assert.deepEqual([server?.interface.fault, client?.interface.fault], [undefined, undefined]);
    assert.ok(server?.routes.every(({ state, fault }) => state === "active" && fault === undefined));
    const said = tunnel.server.process.stderr.lines.filter((line) => line.includes("put back"));
    assert.equal(said.length, 3, said.join("\n"));
  });

  await step("and when both end, all is as it was", async () => {
    await tunnel[Symbol.asyncDispose]();
    assert.deepEqual([await routes(mac, "own"), await routes(vm, "own")], [[], []]);
    assert.deepEqual([await routes(mac, "foreign"), await routes(vm, "foreign")], [foreign.mac, foreign.vm]);
  });
});

networkTest("an interface that is taken down comes up with all that it had", {}, async (network, t) => {
  await using tunnel = await Tunnel.start(network);
  await tunnel.client.waitForStatus("IPv6 is on", (status) => status.interface.address6 !== undefined);
  for (const side of ["mac", "vm"] as const) {
    await t.step(side, () =>
      withTranscript(tunnel, async () => {
        const namespace = network[side];
        const before = await routes(namespace, "own");
        const name = side === "mac" ? SERVER_INTERFACE : "connector0";
        await namespace.ip("link", "set", name, "down");
        const took = await routesComeBack(namespace, before);
        console.log(`${side}: link set down: back after ${took.toFixed()} ms`);
        assert.ok(took <= BACK_LIMIT, `it took ${took} ms`);
        assert.match(await namespace.ip("addr", "show", name), /inet6 fdc0:c0de:251::/);
        await waitUntil("the container answers", () =>
          reachable(network.mac, network.container().address, 1), BACK_LIMIT);
      }));
  }
});

tunnelTest(
  "a route that an interface with neighbours takes is told and left to it, until it is free",
  {},
  async ({ network, tunnel }) => {
    const { mac } = network;
    await mac.ip("link", "add", "vpn0", "type", "bridge");
    await mac.ip("link", "set", "vpn0", "up");
    await mac.ip("route", "replace", SUBNET, "dev", "vpn0");
    const stolen = await tunnel.server.waitForStatus(
      "the theft is told",
      (status) => routeOf(status, SUBNET)?.state === "failed",
      BACK_LIMIT,
    );
    assert.match(routeOf(stolen, SUBNET)?.fault ?? "", /172\.20\.0\.0\/16 .* already routed to vpn0/);
    assert.match(await mac.ip("route", "show", SUBNET), /dev vpn0/);
    const shown = await tunnel.server.waitForStatus(
      "the fault names the interface, and nothing else is wrong",
      ({ faults }) => faults.map(({ code }) => code).join() === "route.taken",
      15_000,
    );
    assert.match(shown.summary, /Packets for 172\.20\.0\.0\/16 leave by vpn0 /);
    await mac.ip("link", "del", "vpn0");
    const back = await tunnel.server.waitForStatus(
      "it is routed again",
      (status) => routeOf(status, SUBNET)?.state === "active",
      BACK_LIMIT,
    );
    assert.equal(routeOf(back, SUBNET)?.fault, undefined);
    assert.ok(await reachable(mac, network.container().address));
    const said = tunnel.server.process.stderr.lines.filter((line) => line.includes("already routed to vpn0"));
    assert.equal(said.length, 1, said.join("\n"));
  },
);

tunnelTest(
  "a program that deletes the route again and again is told of, not raced",
  {},
  async ({ network, tunnel }) => {
    const { mac } = network;
    // Deletes as soon as it can, for as long as it runs, and says how often there was something to delete.
    await using thief = mac.spawn([
      "sh",
      "-c",
      `n=0; while [ ! -e ${network.folder}/enough ]; do ip route del ${SUBNET} 2>/dev/null && n=$((n+1)); done; echo $n`,
    ]);
    const status = await tunnel.server.waitForStatus(
      "the fault is told",
      (status) => routeOf(status, SUBNET)?.fault !== undefined,
      FIGHT_LIMIT,
    );
    assert.match(routeOf(status, SUBNET)?.fault ?? "", /takes the route away again and again/);
    const start = performance.now();
    await tunnel.server.waitForStatus("three seconds later", () => performance.now() - start >= 3_000);
    await Deno.writeTextFile(`${network.folder}/enough`, "");
    await thief.wait();
    const deleted = Number(thief.stdout.lines[0]);
    console.log(
      `the route was deleted ${deleted} times in ${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
    assert.ok(deleted >= 4 && deleted <= 8, `${deleted} deletions`);
    await tunnel.server.waitForStatus(
      "it is routed again",
      (status) => routeOf(status, SUBNET)?.state === "active",
      9_000,
    );
  },
);

/** A config of so many routes. */
function manyRoutes(count: number): string {
  return Array.from({ length: count }, (_, at) => `route 100.${64 + (at >> 8)}.${at & 255}.0/24\n`).join("");
}

tunnelTest(
  `${MANY} routes that are flushed come back while packets pass`,
  { config: manyRoutes(MANY) + `route ${SUBNET}\n` },
  async ({ network, tunnel }) => {
    const { mac } = network;
    const count = async () =>
      (await mac.ip("route", "show", "dev", SERVER_INTERFACE, "proto", "static")).split("\n").length;
    assert.equal(await count(), MANY + 1);
    // The route to the container stays, so what its echoes miss is the reconciling's doing.
    const echoes = mac.spawn([
      "ping",
      "-n",
      "-i",
      "0.01",
      "-c",
      "300",
      "-W",
      "1",
      network.container().address,
    ]);
    await echoes.stdout.waitFor(/icmp_seq=20/);
    const start = performance.now();
    for (let third = 64; third < 64 + Math.ceil(MANY / 256); third++) {
      await mac.ip("route", "flush", "root", `100.${third}.0.0/16`, "proto", "static");
    }
    const flushed = performance.now();
    await waitUntil("all routes are back", async () => await count() === MANY + 1, 10_000);
    console.log(
      `${MANY} routes flushed in ${(flushed - start).toFixed()} ms, back ${
        (performance.now() - flushed).toFixed()
      } ms later`,
    );
    await echoes.wait(30_000);
    const report = echoes.stdout.lines.slice(-3).join("\n");
    console.log(report);
    assert.match(report, /300 packets transmitted, 300 received/);
    const status = await tunnel.server.status();
    assert.equal(
      status?.routes.filter(({ state, fault }) => state === "active" && fault === undefined).length,
      MANY + 1,
    );
  },
);
