import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress } from "../net/address.ts";
import { formatPrefix } from "../net/prefix.ts";
import { anyConfig } from "./arbitrary_fixture.ts";
import type { BridgePair, Config } from "./config.ts";
import { parseConfig } from "./parse.ts";
import { plan, type Step } from "./plan.ts";
import { configInForce } from "./restart.ts";

function config(text: string): Config {
  const parsed = parseConfig(text, "c.conf");
  assert(parsed.config !== undefined, JSON.stringify(parsed.faults));
  return parsed.config;
}

/** What a server that follows the steps has in force. */
interface State {
  routes: Map<string, boolean>;
  bridges: Set<string>;
  tokens: Map<string, string>;
  proxies: Map<number, string>;
  networksOff: Set<string>;
  settings: Map<string, unknown>;
}

function nothing(): State {
  return {
    routes: new Map(),
    bridges: new Set(),
    tokens: new Map(),
    proxies: new Map(),
    networksOff: new Set(),
    settings: new Map(),
  };
}

const pairName = ({ a, b }: BridgePair) => [formatAddress(a), formatAddress(b)].sort().join();

/** The state that the configuration describes, made without `plan`. */
function stateOf(from: Config): State {
  return {
    routes: new Map(from.routes.map(({ prefix, expose }) => [formatPrefix(prefix), expose])),
    bridges: new Set(from.bridgePairs.filter(({ connect }) => connect).map(pairName)),
    tokens: new Map(from.tokens.map(({ name, address }) => [formatAddress(address), name])),
    proxies: new Map(from.proxies.map(({ host, port, listenPort }) => [listenPort, `${host}:${port}`])),
    networksOff: new Set(from.networksOff),
    settings: new Map<string, unknown>([
      ["set-log-level", from.logLevel],
      ["set-pong", from.pong],
      ["set-dns", from.dns],
      ["set-hosts", from.hosts],
      ["set-web", from.web],
      ["set-expose", from.expose],
    ]),
  };
}

/** Takes one step, and fails where a server would: on what is there twice or not at all. */
function take(state: State, step: Step): void {
  switch (step.kind) {
    case "remove-token":
      assert.equal(state.tokens.get(formatAddress(step.token.address)), step.token.name);
      return void state.tokens.delete(formatAddress(step.token.address));
    case "add-token":
      assert(!state.tokens.has(formatAddress(step.token.address)));
      assert(![...state.tokens.values()].includes(step.token.name));
      return void state.tokens.set(formatAddress(step.token.address), step.token.name);
    case "remove-route":
      return assert(state.routes.delete(formatPrefix(step.route.prefix)));
    case "expose-route":
      assert.equal(state.routes.get(formatPrefix(step.route.prefix)), !step.route.expose);
      return void state.routes.set(formatPrefix(step.route.prefix), step.route.expose);
    case "add-route":
      assert(!state.routes.has(formatPrefix(step.route.prefix)));
      return void state.routes.set(formatPrefix(step.route.prefix), step.route.expose);
    case "connect-bridges":
      assert(!state.bridges.has(pairName(step.pair)));
      return void state.bridges.add(pairName(step.pair));
    case "disconnect-bridges":
      return void state.bridges.delete(pairName(step.pair));
    case "remove-proxy":
      return assert(state.proxies.delete(step.proxy.listenPort));
    case "add-proxy":
      assert(!state.proxies.has(step.proxy.listenPort));
      return void state.proxies.set(step.proxy.listenPort, `${step.proxy.host}:${step.proxy.port}`);
    case "network-off":
      return void state.networksOff.add(step.name);
    case "network-on":
      return assert(state.networksOff.delete(step.name));
    case "set-log-level":
      return void state.settings.set(step.kind, step.level);
    case "set-pong":
      return void state.settings.set(step.kind, step.pong);
    case "set-dns":
      return void state.settings.set(step.kind, step.dns);
    case "set-hosts":
      return void state.settings.set(step.kind, step.hosts);
    case "set-web":
      return void state.settings.set(step.kind, step.web);
    case "set-expose":
      return void state.settings.set(step.kind, step.expose);
    case "needs-restart":
      return;
  }
}

Deno.test("the steps lead from the state of one configuration to that of the next", () => {
  fc.assert(
    fc.property(fc.option(anyConfig, { nil: undefined }), anyConfig, (previous, next) => {
      const state = previous === undefined ? nothing() : stateOf(previous);
      for (const step of plan(previous, next)) take(state, step);
      const expected = stateOf(next);
      assert.deepEqual(
        { ...state, settings: new Map([...state.settings].sort()) },
        { ...expected, settings: new Map([...expected.settings].sort()) },
      );
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the same configuration needs no step", () => {
  fc.assert(fc.property(anyConfig, (one) => assert.deepEqual(plan(one, one), [])));
  assert.deepEqual(plan(config("proxy 80\nroute 10.0.0.0/8"), config("route 10.0.0.0/8\n# x\nproxy 80")), []);
  assert.deepEqual(plan(config("iptables 10.0.0.0+10.1.0.0"), config("iptables 10.1.0.0+10.0.0.0")), []);
});

Deno.test("what is taken away comes before what is added", () => {
  const rank = (step: Step) => {
    if (step.kind === "needs-restart") return 3;
    if (step.kind === "expose-route") return step.route.expose ? 2 : 0;
    if (step.kind.startsWith("set-")) return 1;
    return /^(remove|disconnect)-|-off$/.test(step.kind) ? 0 : 2;
  };
  fc.assert(fc.property(anyConfig, anyConfig, (previous, next) => {
    const ranks = plan(previous, next).map(rank);
    assert.deepEqual(ranks, ranks.toSorted());
  }));
});

Deno.test("a change of one line is one step", () => {
  const before = config("route 10.0.0.0/8\nloglevel info");
  assert.deepEqual(plan(before, config("route 10.0.0.0/8\nloglevel debug")), [{
    kind: "set-log-level",
    level: "debug",
  }]);
  const exposed = config("route 10.0.0.0/8 expose");
  assert.deepEqual(plan(before, exposed), [{ kind: "expose-route", route: exposed.routes[0] }]);
  assert.deepEqual(plan(before, config("")), [{ kind: "remove-route", route: before.routes[0] }]);
});

Deno.test("a line A-B disconnects even what no line connected", () => {
  const next = config("iptables 10.0.0.0-10.1.0.0");
  assert.deepEqual(plan(config(""), next), [{ kind: "disconnect-bridges", pair: next.bridgePairs[0] }]);
  assert.deepEqual(plan(next, config("")), []);
});

Deno.test("keys that do not reload are reported and no secret is told", () => {
  const steps = plan(
    config("key hunter1"),
    config("addr 10.0.0.1/8\naddr6 off\nhost 0.0.0.0\nport 1\nmtu 1300\ndocker unix:///x\nkey hunter2"),
  );
  assert.deepEqual(steps, [
    { kind: "needs-restart", key: "addr", running: "192.168.251.1/24", written: "10.0.0.1/8" },
    { kind: "needs-restart", key: "addr6", running: "fdc0:c0de:251::1/64", written: "off" },
    { kind: "needs-restart", key: "host", running: "127.0.0.1", written: "0.0.0.0" },
    { kind: "needs-restart", key: "port", running: "2511", written: "1" },
    { kind: "needs-restart", key: "mtu", running: "1400", written: "1300" },
    { kind: "needs-restart", key: "docker", running: "auto", written: "unix:///x" },
    { kind: "needs-restart", key: "key", running: "a secret", written: "another secret" },
  ]);
  assert.deepEqual(plan(config(""), config("key hunter1")), [
    { kind: "needs-restart", key: "key", running: "none", written: "a secret" },
  ]);
});

Deno.test("the configuration in force keeps what needs a restart and takes the rest over", () => {
  fc.assert(fc.property(anyConfig, anyConfig, (running, written) => {
    const inForce = configInForce(running, written);
    assert(plan(running, inForce).every((step) => step.kind !== "needs-restart"));
    assert(plan(inForce, written).every((step) => step.kind === "needs-restart"));
  }));
});
