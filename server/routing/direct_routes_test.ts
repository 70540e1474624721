import assert from "node:assert/strict";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import { address, prefix } from "../../tests/literals.ts";
import { configureLog } from "../../program/log.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { DirectRoutes } from "./direct_routes.ts";

const way = { machine: address("10.79.0.2"), own: address("10.79.0.1"), interfaceName: "eth1" };
const other = { machine: address("10.80.0.2"), own: address("10.80.0.1"), interfaceName: "eth2" };

/** The routes, and what was done to the system's. */
function scene() {
  const done: string[] = [];
  const lost = new Set<string>();
  const change = (what: string) => (prefixes: readonly Prefix[], { interfaceName }: typeof way) => {
    if (prefixes.length > 0) done.push(`${what} ${interfaceName} ${prefixes.map(formatPrefix).join(" ")}`);
    return { changed: prefixes.filter((prefix) => lost.has(formatPrefix(prefix))), faults: [] };
  };
  const clock = new FakeClock();
  const routes = new DirectRoutes({
    source: address("192.168.251.2"),
    peer: address("192.168.251.1"),
    mtu: 1400,
    add: change("add"),
    remove: change("remove"),
    now: () => clock.now(),
  });
  return { routes, done, lost, clock };
}

Deno.test("the tunnel's IPv4 routes and the client's address lead directly, and back again", () => {
  const { routes, done } = scene();
  const [web, six] = [prefix("172.20.0.0/16"), prefix("fd00:1::/64")];
  routes.apply([web, six], undefined);
  assert.deepEqual(done, []);
  routes.apply([web, six], way);
  assert.deepEqual(done.splice(0), ["add eth1 172.20.0.0/16 192.168.251.1/32"]);
  assert.deepEqual([routes.wayOf(web), routes.wayOf(six)], [way, undefined]);
  routes.apply([web, six], undefined);
  assert.deepEqual(done, ["remove eth1 172.20.0.0/16 192.168.251.1/32"]);
  assert.equal(routes.wayOf(web), undefined);
});

Deno.test("a route that comes or goes follows, and those that stay are looked after", () => {
  const { routes, done } = scene();
  const [web, db] = [prefix("172.20.0.0/16"), prefix("172.21.0.0/16")];
  routes.apply([web], way);
  done.length = 0;
  routes.apply([web, db], way);
  assert.deepEqual(done.splice(0), ["add eth1 172.20.0.0/16 172.21.0.0/16 192.168.251.1/32"]);
  routes.apply([db], way);
  assert.deepEqual(done, ["add eth1 172.21.0.0/16 192.168.251.1/32", "remove eth1 172.20.0.0/16"]);
});

Deno.test("another way is there before the one before it goes", () => {
  const { routes, done } = scene();
  routes.apply([prefix("172.20.0.0/16")], way);
  done.length = 0;
  routes.apply([prefix("172.20.0.0/16")], other);
  assert.deepEqual(done, [
    "add eth2 172.20.0.0/16 192.168.251.1/32",
    "remove eth1 172.20.0.0/16 192.168.251.1/32",
  ]);
});

Deno.test("a network that holds the machine's own address is not led by that address", () => {
  const { routes, done } = scene();
  routes.apply([prefix("10.79.0.0/16")], way);
  assert.deepEqual(done, ["add eth1 192.168.251.1/32"]);
});

Deno.test("a route that is taken away again and again is left to the tunnel for a minute", () => {
  const { routes, done, lost, clock } = scene();
  configureLog({ level: "error", format: "text", color: false, write: () => {} });
  const web = prefix("172.20.0.0/16");
  routes.apply([web], way);
  lost.add("172.20.0.0/16");
  // Four losses are nothing, the fifth is one too many.
  for (let loss = 1; loss <= 5; loss++) {
    assert.equal(routes.wayOf(web), way, `after ${loss - 1} losses`);
    clock.time += 500;
    routes.apply([web], way);
  }
  lost.clear();
  done.length = 0;
  routes.apply([web], way);
  assert.deepEqual(done.splice(0), ["add eth1 192.168.251.1/32", "remove eth1 172.20.0.0/16"]);
  assert.equal(routes.wayOf(web), undefined);
  clock.time += 59_000;
  routes.apply([web], way);
  assert.deepEqual(done.splice(0), ["add eth1 192.168.251.1/32"]);
  clock.time += 1_000;
  routes.apply([web], way);
  assert.equal(routes.wayOf(web), way);
});
