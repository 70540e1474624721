import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress } from "../net/address.ts";
import { anyConfig } from "./arbitrary_fixture.ts";
import {
  activeConfig,
  changedPairs,
  concerns,
  type ConfigChange,
  diffConfigs,
  linesWithoutExpose,
  restartNotices,
} from "./changes.ts";
import { type Config, DEFAULT_CONFIG, FIELDS, keyOf, type NetworkPair } from "./config.ts";
import { parseConfig } from "./parse.ts";

function config(text: string): Config {
  const parsed = parseConfig(text, "c.conf");
  assert(parsed.config !== undefined, JSON.stringify(parsed.faults));
  return parsed.config;
}

const needsRestart = ({ field }: ConfigChange) => keyOf(field).effect === "restart";
const nameOf = ({ a, b }: NetworkPair) => [formatAddress(a), formatAddress(b)].sort().join();

/** The pairs that are connected, made without `changedPairs`. */
function connected({ bridgePairs }: Config): string[] {
  return bridgePairs.filter(({ connect }) => connect).map(nameOf).sort();
}

Deno.test("the changes lead from one configuration to the next", () => {
  fc.assert(
    fc.property(fc.option(anyConfig, { nil: undefined }), anyConfig, (previous, next) => {
      const state = new Map<string, unknown>(Object.entries(previous ?? DEFAULT_CONFIG));
      for (const { field, from, to } of diffConfigs(previous, next)) {
        assert.equal(from, previous?.[field]);
        state.set(field, to);
      }
      const expected = previous === undefined ? activeConfig(DEFAULT_CONFIG, next) : next;
      // The order of a list's values does not matter.
      const sorted = (value: unknown) =>
        Array.isArray(value) ? value.map((one) => JSON.stringify(one)).sort() : value;
      for (const field of FIELDS) {
        assert.deepEqual(sorted(state.get(field)), sorted(expected[field]), field);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the same configuration has no change", () => {
  fc.assert(fc.property(anyConfig, (one) => assert.deepEqual(diffConfigs(one, one), [])));
  const none = (before: string, after: string) =>
    assert.deepEqual(diffConfigs(config(before), config(after)), []);
  none("proxy 80\nroute 10.0.0.0/8", "route 10.0.0.0/8\n# x\nproxy 80");
  none("iptables 10.0.0.0+10.1.0.0", "iptables 10.1.0.0+10.0.0.0");
});

Deno.test("the changed pairs lead from one set of connected networks to the next", () => {
  fc.assert(
    fc.property(fc.option(anyConfig, { nil: undefined }), anyConfig, (previous, next) => {
      const state = new Set(previous && connected(previous));
      const pairs = changedPairs(diffConfigs(previous, next));
      for (const pair of pairs) {
        assert(!pair.connect || !state.has(nameOf(pair)));
        if (pair.connect) state.add(nameOf(pair));
        else state.delete(nameOf(pair));
      }
      assert.deepEqual([...state].sort(), connected(next));
      const order = pairs.map(({ connect }) => Number(connect));
      assert.deepEqual(order, order.toSorted(), "what is taken away comes before what is added");
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a line A-B disconnects even what no line connected", () => {
  const next = config("iptables 10.0.0.0-10.1.0.0");
  assert.deepEqual(changedPairs(diffConfigs(config(""), next)), next.bridgePairs);
  assert.deepEqual(changedPairs(diffConfigs(next, config(""))), []);
});

Deno.test("a change of one line is one change", () => {
  const before = config("route 10.0.0.0/8\nloglevel info");
  assert.deepEqual(diffConfigs(before, config("route 10.0.0.0/8\nloglevel debug")), [
    { field: "logLevel", from: "info", to: "debug" },
  ]);
  const exposed = config("route 10.0.0.0/8 expose");
  assert.deepEqual(diffConfigs(before, exposed), [
    { field: "routes", from: before.routes, to: exposed.routes },
  ]);
  assert.deepEqual(diffConfigs(before, config("")), [{ field: "routes", from: before.routes, to: [] }]);
});

Deno.test("changes concern the parts that follow them", () => {
  const partsOf = (text: string) => {
    const changes = diffConfigs(DEFAULT_CONFIG, config(text));
    return (["log", "client", "routes", "sharing", "paths", "names"] as const).filter((part) =>
      concerns(part, changes)
    );
  };
  assert.deepEqual(partsOf("expose 0.0.0.0:2512\niptables 10.0.0.0+10.1.0.0"), [
    "client",
    "routes",
    "sharing",
  ]);
  assert.deepEqual(partsOf("loglevel warn\nnetwork x off"), ["log", "routes", "names"]);
  assert.deepEqual(partsOf("path udp"), ["paths"]);
  assert.deepEqual(partsOf("dns a"), ["sharing", "names"]);
  assert.deepEqual(partsOf("port 9\nproxy 3306"), []);
});

Deno.test("keys that do not reload are reported and no secret is told", () => {
  const notices = (before: string, after: string) =>
    restartNotices(diffConfigs(config(before), config(after)));
  assert.deepEqual(
    notices(
      "key hunter1",
      "addr 10.0.0.1/8\naddr6 off\nhost 0.0.0.0\nport 1\nmtu 1300\ndocker unix:///x\nkey hunter2\npong on",
    ),
    [
      { key: "addr", running: "192.168.251.1/24", written: "10.0.0.1/8" },
      { key: "addr6", running: "fdc0:c0de:251::1/64", written: "off" },
      { key: "host", running: "127.0.0.1", written: "0.0.0.0" },
      { key: "port", running: "2511", written: "1" },
      { key: "mtu", running: "1400", written: "1300" },
      { key: "docker", running: "auto", written: "unix:///x" },
      { key: "key", running: "a secret", written: "another secret" },
    ],
  );
  assert.deepEqual(notices("", "key hunter1"), [{ key: "key", running: "none", written: "a secret" }]);
  assert.deepEqual(notices("", "key none"), [{ key: "key", running: "none", written: "a secret" }]);
  assert.deepEqual(notices("key hunter1", ""), [{ key: "key", running: "a secret", written: "none" }]);
});

Deno.test("the active configuration keeps what needs a restart and takes the rest over", () => {
  fc.assert(fc.property(anyConfig, anyConfig, (running, written) => {
    const active = activeConfig(running, written);
    assert(!diffConfigs(running, active).some(needsRestart));
    assert(diffConfigs(active, written).every(needsRestart));
  }));
});

Deno.test("lines for accessors have no effect while expose is off", () => {
  const text = "route 10.1.0.0/16 expose\nroute 10.2.0.0/16\ntoken t 192.168.251.3\npong on\n";
  assert.deepEqual(linesWithoutExpose(config(text)), ["route ... expose", "token", "pong"]);
  assert.deepEqual(linesWithoutExpose(config(`${text}expose 0.0.0.0:2512`)), []);
  assert.deepEqual(linesWithoutExpose(config("route 10.2.0.0/16\npong off")), []);
});
