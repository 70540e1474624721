import assert from "node:assert/strict";
import { type Fault, fault } from "../../core/faults/fault_table.ts";
import { serverFaults } from "./server_faults.ts";
import { SOUND } from "./server_facts_fixture.ts";
import type { ServerFacts } from "./server_facts.ts";
import { serverSummary } from "./server_summary.ts";

const { docker, paths } = SOUND;
const container = docker.container ?? assert.fail();
const client = SOUND.client ?? assert.fail();

const ABSENT: Partial<ServerFacts> = {
  client: null,
  paths: {
    ...paths,
    inUse: null,
    reason: "no path is up",
    list: paths.list.map((path) => ({ ...path, state: "down", reason: "not up yet" })),
  },
};
const SILENT: Partial<ServerFacts> = { client: { ...client, lastHeardSeconds: 8 } };
const ENGINE_DOWN: Partial<ServerFacts> = {
  docker: {
    ...docker,
    state: "connecting",
    fault: "Cannot find the Docker Engine",
    remedy: "Start Docker",
    networks: [{ name: "web", subnets: [] }],
  },
};
const ofContainer = (part: Partial<typeof container>): Partial<ServerFacts> => ({
  docker: { ...docker, container: { ...container, ...part } },
});
const refused = { endpoint: "127.0.0.1:5", reason: "proof", lastSeconds: 1, count: 3 } as const;
const NO_KEY: Partial<ServerFacts> = { refused };

const found = (...parts: Partial<ServerFacts>[]): Fault[] => serverFaults(Object.assign({}, SOUND, ...parts));
const codes = (...parts: Partial<ServerFacts>[]) => found(...parts).map(({ code }) => code);

/** The states of the paths by their kind, and the one in use. */
function onPaths(
  inUse: typeof paths.inUse,
  states: Partial<Record<string, string>>,
  preference = paths.preference,
) {
  const list = paths.list.map((path) => ({
    ...path,
    state: (states[path.kind] ?? path.state) as typeof path.state,
    reason: "it is so",
  }));
  return { paths: { preference, inUse, reason: "it is so", list } };
}

Deno.test("a sound server has no fault", () => {
  assert.deepEqual(codes(), []);
  assert.equal(serverSummary(SOUND, []), "up: 2 networks reachable by the engine path");
});

Deno.test("an Engine that is down is named, and none of what follows from it", () => {
  for (const more of [{}, ABSENT, SILENT, NO_KEY, onPaths("udp", { engine: "down" })]) {
    assert.deepEqual(codes(more, ENGINE_DOWN), ["docker.engine-down"]);
  }
  const [engine] = found(ENGINE_DOWN);
  assert.deepEqual([engine?.text, engine?.remedy], ["Cannot find the Docker Engine", "Start Docker"]);
});

Deno.test("an Engine that never was there is not missed where route lines and a client do without it", () => {
  const never = {
    docker: { ...docker, state: "connecting", fault: "Cannot find it", networks: [] },
  } as const;
  assert.deepEqual(codes(never, onPaths("udp", {})), []);
  assert.deepEqual(codes(never, SILENT), ["client.silent"]);
  assert.deepEqual(codes(never, ABSENT), ["docker.engine-down"]);
  assert.deepEqual(codes(never, { routes: [] }), ["docker.engine-down"]);
});

Deno.test("a container that does not run is named, and not that its client is silent", () => {
  const cases = [
    ["container.conflict", { state: "conflict", fault: "it exists" }],
    ["container.stopped", { state: "stopped", fault: "no such device" }],
    ["container.stopped", { state: "restarting" }],
    ["container.missing", { state: "missing", fault: "no image" }],
    ["container.missing", { state: "pending", fault: "nonsense" }],
  ] as const;
  for (const [code, part] of cases) {
    for (const more of [ABSENT, SILENT]) assert.deepEqual(codes(more, ofContainer(part)), [code]);
  }
});

Deno.test("while the container is being made, or the Engine is looked for, no client is expected", () => {
  for (const state of ["pending", "missing", "created"] as const) {
    assert.deepEqual(codes(ABSENT, ofContainer({ state })), []);
  }
  assert.deepEqual(codes(ABSENT, { docker: { ...docker, state: "off", container: null } }), [
    "client.never-heard",
  ]);
  const connecting = {
    ...docker,
    state: "connecting",
    container: { ...container, state: "pending" },
  } as const;
  assert.deepEqual(codes(ABSENT, { docker: connecting }), []);
  assert.match(serverSummary({ ...SOUND, ...ABSENT, docker: connecting }, []), /^starting: .*Engine$/);
});

Deno.test("a container that lacks the newest image hides nothing", () => {
  const outdated = ofContainer({ fault: "no image" });
  assert.deepEqual(codes(outdated), ["container.outdated"]);
  assert.deepEqual(codes(outdated, SILENT), ["container.outdated", "client.silent"]);
});

Deno.test("Docker on this machine needs no client", () => {
  const local = ofContainer({ state: "not-required" });
  assert.deepEqual(codes(ABSENT, local), []);
  assert.match(serverSummary({ ...SOUND, ...ABSENT, ...local }, []), /^up: Docker runs on this machine/);
});

Deno.test("a wrong key is named, and only it, as long as it is tried and no client has the right one", () => {
  assert.deepEqual(codes(ABSENT, NO_KEY), ["client.wrong-key"]);
  assert.deepEqual(codes(SILENT, NO_KEY), ["client.wrong-key"]);
  assert.deepEqual(codes(NO_KEY), []);
  assert.deepEqual(codes(ABSENT, { refused: { ...refused, lastSeconds: 20 } }), ["client.never-heard"]);
});

Deno.test("a client of 0.1.0 whose clock is wrong is named by that", () => {
  const [skew, ...others] = found(ABSENT, { refused: { ...refused, reason: "time", clockSeconds: -600 } });
  assert.deepEqual([skew?.code, others], ["clock.skew", []]);
  assert.match(skew?.text ?? "", /600 s behind/);
});

Deno.test("a clock of Docker's machine that differs is named once, beside everything else", () => {
  const skewed = (clockSeconds: number) => ({ docker: { ...docker, clockSeconds } });
  for (const seconds of [-30, 0, 30]) assert.deepEqual(codes(skewed(seconds)), []);
  for (const seconds of [-600, 31]) assert.deepEqual(codes(skewed(seconds)), ["clock.skew"]);
  assert.match(found(skewed(-600))[0]?.text ?? "", /600 s behind/);
  assert.deepEqual(codes(SILENT, skewed(600)), ["client.silent", "clock.skew"]);
  const time = { refused: { ...refused, reason: "time", clockSeconds: -600 } } as const;
  assert.deepEqual(codes(ABSENT, time, skewed(-600)), ["clock.skew"]);
});

Deno.test("a client that was told another port is named by that where nothing comes by UDP", () => {
  const other = ofContainer({ state: "external", port: 2599 });
  for (const more of [ABSENT, SILENT]) {
    assert.deepEqual(codes(more, other), ["client.other-port"]);
    assert.deepEqual(codes(more, ofContainer({ state: "external", port: 2511 })), codes(more));
  }
  assert.match(found(ABSENT, other)[0]?.text ?? "", /port 2511, .* port 2599$/);
  assert.deepEqual(codes(ABSENT, ofContainer({ state: "off", port: 2599 })), ["client.other-port"]);
  // Packets pass by the Engine, or by UDP all the same, as from a client that no container has.
  assert.deepEqual(codes(other, onPaths("engine", { udp: "silent" })), ["client.other-port"]);
  assert.deepEqual(codes(other), []);
  // Where the Engine alone is wanted, its path is what is missing.
  assert.deepEqual(codes(ABSENT, other, onPaths(null, { engine: "down" }, "engine")), [
    "path.preference-down",
  ]);
});

Deno.test("a client that is silent is named, and not its paths", () => {
  assert.deepEqual(codes(SILENT, onPaths(null, { engine: "down" })), ["client.silent"]);
  // One that sends heartbeats seldom is not silent between two of them.
  assert.deepEqual(codes({ client: { ...client, lastHeardSeconds: 8, heartbeatMs: 20_000 } }), []);
});

Deno.test("a client that was never heard is named with what the Engine says", () => {
  assert.deepEqual(codes(ABSENT), ["client.never-heard"]);
  const [never] = found(ABSENT, onPaths(null, { engine: "down" }));
  assert.match(never?.text ?? "", /127\.0\.0\.1:2511, nor through the Engine: it is so$/);
  assert.deepEqual(codes(ABSENT, onPaths(null, { engine: "down" }, "engine")), ["path.preference-down"]);
});

Deno.test("of a client that is heard firewall, version and paths are named", () => {
  const firewall = {
    state: "nftables",
    backend: null,
    rules: 0,
    fault: "closed",
    remedy: "open it",
  } as const;
  const [blocks, ...others] = found({ client: { ...client, firewall } });
  assert.deepEqual([blocks?.code, blocks?.text, blocks?.remedy], ["firewall.blocks", "closed", "open it"]);
  assert.deepEqual(others, []);
  const unknown = { state: "fault", backend: null, rules: 0, fault: "no iptables" } as const;
  assert.deepEqual(codes({ client: { ...client, firewall: unknown } }), ["firewall.not-open"]);
  const old = { client: { ...client, version: "0.1.0" } };
  assert.deepEqual(codes(old), ["client.version"]);
  assert.deepEqual(codes(old, onPaths("udp", { engine: "down" })), ["client.version"]);
  assert.deepEqual(codes(onPaths(null, {})), ["path.none"]);
  assert.deepEqual(codes(onPaths("engine", { udp: "silent" })), ["path.udp-blocked"]);
  assert.deepEqual(codes(onPaths("udp", { engine: "down", udp: "in-use" })), ["path.engine-refused"]);
  assert.deepEqual(codes(onPaths(null, { direct: "down" }, "direct")), ["path.preference-down"]);
  assert.deepEqual(codes(onPaths("udp", { engine: "down" }, "udp")), []);
});

Deno.test("each route is named with its cause, and none beside an interface that is wrong", () => {
  const route = {
    prefix: "172.20.0.0/16",
    source: "docker",
    network: "web",
    state: "failed",
    fault: "x",
  } as const;
  const routes = [
    { ...route, cause: "taken", owner: "utun4" },
    { ...route, prefix: "172.21.0.0/16", cause: "overlap", owner: "en0", other: "172.21.1.0/24" },
    { ...route, prefix: "172.22.0.0/16", cause: "removed", state: "active" },
    {
      ...route,
      prefix: "172.23.0.0/16",
      cause: "hides",
      owner: "utun4",
      other: "172.16.0.0/12",
      state: "active",
    },
    { ...route, prefix: "172.24.0.0/16" },
  ] as const;
  const faults = found({ routes });
  assert.deepEqual(faults.map(({ code }) => code), [
    "route.taken",
    "route.overlap",
    "route.removed",
    "route.hides",
    "route.failed",
  ]);
  assert.match(faults[0]?.text ?? "", /172\.20\.0\.0\/16 leave by utun4 \(a VPN\)/);
  assert.match(faults[1]?.text ?? "", /172\.21\.1\.0\/24 of en0/);
  const down = { interface: { ...SOUND.interface, fault: "it is down" } };
  assert.deepEqual(codes({ routes }, down), ["interface.changed"]);
});

Deno.test("names that are not answered or not found are named beside everything else", () => {
  const names: NonNullable<ServerFacts["names"]> = {
    ...{ domain: "a.test", listen: [], names: 1, queries: 0, refused: 0, fault: "Cannot answer DNS: taken" },
    resolver: { kind: "none", fault: "there is no resolver", remedy: "Write a line" },
  };
  assert.deepEqual(codes(ENGINE_DOWN, { names }).slice(-2), ["names.port-taken", "names.resolver-missing"]);
  assert.equal(found({ names }).at(-1)?.remedy, "Write a line");
  const { fault: _, ...open } = names;
  assert.deepEqual(codes({ names: { ...open, resolver: { kind: "other-namespace" } } }), []);
});

Deno.test("config file and sharing are named beside everything else", () => {
  const sharing = {
    listen: "0.0.0.0:2512",
    legacy: false,
    cipher: null,
    tokens: 1,
    weak: 1,
    deriving: 0,
    sessions: [],
    handshakes: 0,
    drops: {},
    fault: "the port is taken",
  };
  const config = { ...SOUND.config, faults: ["f:1:1: unknown key"], fault: "no descriptor is free" };
  assert.deepEqual(codes(ENGINE_DOWN, { sharing, config }), [
    "docker.engine-down",
    "config.invalid",
    "config.not-applied",
    "sharing.closed",
    "sharing.weak-token",
  ]);
});

Deno.test("a network that is silent is named only where nothing else explains it", () => {
  const silent = fault("network.silent", {
    network: "web",
    address: "172.20.0.2",
    place: "by the engine path",
  });
  const others = fault("web.closed", { why: "taken" });
  const extra = (...parts: Partial<ServerFacts>[]) =>
    serverFaults(Object.assign({}, SOUND, ...parts), [silent, others]).map(({ code }) => code);
  assert.deepEqual(extra(), ["network.silent", "web.closed"]);
  assert.deepEqual(extra(SILENT), ["client.silent", "web.closed"]);
  const port = ofContainer({ state: "external", port: 2599 });
  assert.deepEqual(extra(SILENT, port), ["client.other-port", "web.closed"]);
  assert.deepEqual(extra(port, onPaths("engine", { udp: "silent" })), [
    "client.other-port",
    "network.silent",
    "web.closed",
  ]);
  const route = {
    prefix: "172.20.0.0/16",
    source: "docker",
    network: "web",
    state: "failed",
    fault: "x",
  } as const;
  assert.deepEqual(extra({ routes: [route] }), ["route.failed", "web.closed"]);
  const lost = fault("path.mtu", { mtu: 1400, passes: 1272 });
  const beside = (facts: ServerFacts) => serverFaults(facts, [lost]).map(({ code }) => code);
  assert.deepEqual(beside(SOUND), ["path.mtu"]);
  assert.deepEqual(beside({ ...SOUND, ...SILENT }), ["client.silent"]);
  assert.match(serverSummary(SOUND, [{ ...silent, severity: "warning" }]), /^up: 1 of 2 networks/);
});
