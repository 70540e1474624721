import assert from "node:assert/strict";
import { configureLog } from "../../program/log.ts";
import type { Config } from "../../core/config/config.ts";
import { parseConfig } from "../../core/config/parse.ts";
import type { DockerNetwork } from "../../core/docker/engine_json.ts";
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import type { DivertedRoute } from "../../core/routing/diverted_route.ts";
import { OperationError } from "../../core/error.ts";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import type { RouteFailure } from "../../system/routing/router.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { RouteController } from "./route_controller.ts";
import { prefix } from "../../tests/literals.ts";

function network(name: string, ...subnets: string[]): DockerNetwork {
  return { id: `id-${name}`, name, subnets: subnets.map(prefix) };
}

/** A routing table that refuses what it is told to, and the calls that changed it. */
class FakeRouter {
  readonly calls: string[] = [];
  readonly refused = new Set<string>();
  foreign: readonly OtherRoute[] | OperationError = [];
  readonly missing = new Set<string>();
  diverted: readonly DivertedRoute[] = [];

  addRoutes(prefixes: readonly Prefix[]): Promise<RouteFailure[]> {
    this.calls.push(`add ${prefixes.map(formatPrefix).join(" ")}`);
    const failures = prefixes.filter((prefix) => this.refused.has(formatPrefix(prefix)));
    for (const prefix of prefixes) {
      if (!failures.includes(prefix)) this.missing.delete(formatPrefix(prefix));
    }
    return Promise.resolve(
      failures.map((prefix) => ({
        prefix,
        error: new OperationError("io", `Cannot route ${formatPrefix(prefix)}`),
      })),
    );
  }

  removeRoutes(prefixes: readonly Prefix[]): Promise<RouteFailure[]> {
    this.calls.push(`remove ${prefixes.map(formatPrefix).join(" ")}`);
    return Promise.resolve([]);
  }

  findDiverted(): Promise<DivertedRoute[]> {
    return Promise.resolve([...this.diverted]);
  }

  listMissing(prefixes: readonly Prefix[]): Promise<Prefix[]> {
    return Promise.resolve(prefixes.filter((prefix) => this.missing.has(formatPrefix(prefix))));
  }

  listOtherRoutes(): Promise<OtherRoute[]> {
    if (this.foreign instanceof OperationError) return Promise.reject(this.foreign);
    return Promise.resolve([...this.foreign]);
  }
}

/** A routeController over a fake router; `take` gives the calls and the levels and texts of the log since the last time. */
function setUp() {
  const router = new FakeRouter();
  const lines: string[] = [];
  configureLog({ level: "warn", format: "text", color: false, write: (line) => lines.push(line) });
  const clock = new FakeClock();
  let config: Config;
  const routeController = new RouteController({
    router,
    interfaceName: "connector0",
    ipv6: true,
    config: () => config,
    clock,
  });
  const configure = (text: string) => {
    const parsed = parseConfig(text, "test.conf");
    assert(parsed.config);
    config = parsed.config;
    return routeController.refresh();
  };
  return {
    router,
    routeController,
    clock,
    configure,
    reconcile: () => routeController.reconcile({ repair: () => Promise.resolve(), nextRepair: undefined }),
    calls: () => router.calls.splice(0),
    log: () => lines.splice(0).map((line) => line.replace(/^\S+ (\S+) +route: /, "$1 ").trim()),
    status: () =>
      routeController.status.map(({ prefix, source, network, state }) =>
        [prefix, source, network, state].join(" ")
      ),
  };
}

Deno.test("networks that come and go are routed, and only what differs is touched", async () => {
  const { routeController, configure, calls, status } = setUp();
  await configure("route 10.0.0.0/24");
  assert.deepEqual(calls(), ["add 10.0.0.0/24"]);
  await routeController.discover([network("a", "172.17.0.0/16")]);
  assert.deepEqual(calls(), ["add 172.17.0.0/16"]);
  await routeController.discover([network("a", "172.17.0.0/16"), network("b", "172.18.0.0/16")]);
  assert.deepEqual(calls(), ["add 172.18.0.0/16"]);
  await routeController.discover([network("b", "172.18.0.0/16")]);
  assert.deepEqual(calls(), ["remove 172.17.0.0/16"]);
  await routeController.discover([network("b", "172.18.0.0/16")]);
  assert.deepEqual(calls(), []);
  assert.deepEqual(status(), ["10.0.0.0/24 config  active", "172.18.0.0/16 docker b active"]);
});

Deno.test("a line for a discovered network takes its route over without an interruption", async () => {
  const { routeController, configure, calls, status } = setUp();
  await configure("");
  await routeController.discover([network("a", "172.17.0.0/16")]);
  calls();
  await configure("route 172.17.0.0/16");
  assert.deepEqual(status(), ["172.17.0.0/16 config  active"]);
  await configure("");
  assert.deepEqual(status(), ["172.17.0.0/16 docker a active"]);
  assert.deepEqual(calls(), []);
});

Deno.test("a network is switched off and on while it runs", async () => {
  const { routeController, configure, calls } = setUp();
  await configure("");
  await routeController.discover([network("a", "172.17.0.0/16")]);
  await configure("network a off");
  await configure("");
  assert.deepEqual(calls(), ["add 172.17.0.0/16", "remove 172.17.0.0/16", "add 172.17.0.0/16"]);
});

Deno.test("a clash is told once, taken out of force when it comes up, and routed when it is over", async () => {
  const { router, routeController, configure, calls, log, status } = setUp();
  await configure("");
  const networks = [network("a", "172.17.0.0/16")];
  await routeController.discover(networks);
  router.foreign = [{ prefix: prefix("172.16.0.0/12"), interfaceName: "en0", isOwn: true }];
  await routeController.discover(networks);
  await routeController.discover(networks);
  assert.deepEqual(calls(), ["add 172.17.0.0/16", "remove 172.17.0.0/16"]);
  assert.deepEqual(status(), ["172.17.0.0/16 docker a failed"]);
  const told = log();
  assert.equal(told.length, 1);
  assert.match(
    told[0] ?? "",
    /^WARN Cannot route 172\.17\.0\.0\/16 .* clash, .* 172\.16\.0\.0\/12 by en0\./i,
  );
  router.foreign = [];
  await routeController.discover(networks);
  assert.deepEqual(calls(), ["add 172.17.0.0/16"]);
  assert.deepEqual(status(), ["172.17.0.0/16 docker a active"]);
});

Deno.test("a VPN that comes up with a wider route leaves a route active, which is told once", async () => {
  const { router, routeController, configure, calls, log, status } = setUp();
  await configure("");
  const networks = [network("a", "172.17.0.0/16")];
  await routeController.discover(networks);
  router.foreign = [{ prefix: prefix("172.16.0.0/12"), interfaceName: "utun7" }];
  await routeController.discover(networks);
  await routeController.discover(networks);
  assert.deepEqual(calls(), ["add 172.17.0.0/16"]);
  assert.deepEqual(status(), ["172.17.0.0/16 docker a active"]);
  const told = log();
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /^WARN Docker network a takes 172\.17\.0\.0\/16 out of 172\.16\.0\.0\/12, /i);
});

Deno.test("a route that the system refuses is told once and tried again", async () => {
  const { router, routeController, configure, calls, log, status } = setUp();
  await configure("");
  router.refused.add("172.17.0.0/16");
  const networks = [network("a", "172.17.0.0/16"), network("b", "172.18.0.0/16")];
  await routeController.discover(networks);
  await routeController.discover(networks);
  assert.deepEqual(calls(), ["add 172.17.0.0/16 172.18.0.0/16", "add 172.17.0.0/16"]);
  assert.equal(log().length, 1);
  assert.deepEqual(status(), ["172.17.0.0/16 docker a failed", "172.18.0.0/16 docker b active"]);
  router.refused.clear();
  await routeController.discover(networks);
  assert.deepEqual(status(), ["172.17.0.0/16 docker a active", "172.18.0.0/16 docker b active"]);
});

Deno.test("networks are routed although the machine's own cannot be listed", async () => {
  const { router, routeController, configure, log, status } = setUp();
  await configure("");
  router.foreign = new OperationError("io", "Cannot list the routes of this machine: broken");
  await routeController.discover([network("a", "172.17.0.0/16")]);
  await routeController.refresh();
  assert.deepEqual(status(), ["172.17.0.0/16 docker a active"]);
  assert.equal(log().length, 1);
});

Deno.test("changes that come together are carried out one after the other", async () => {
  const { routeController, configure, calls, status } = setUp();
  await Promise.all([
    configure("route 10.0.0.0/24"),
    routeController.discover([network("a", "172.17.0.0/16")]),
    routeController.discover([]),
    routeController.discover([network("b", "172.18.0.0/16")]),
  ]);
  assert.deepEqual(status(), ["10.0.0.0/24 config  active", "172.18.0.0/16 docker b active"]);
  await routeController.clear();
  assert.equal(calls().at(-1), "remove 10.0.0.0/24 172.18.0.0/16");
});

Deno.test("a lost route is put back, the others are not touched", async () => {
  const { router, configure, reconcile, calls, status } = setUp();
  await configure("route 10.0.0.0/24\nroute 10.0.1.0/24");
  calls();
  assert.equal(await reconcile(), undefined);
  assert.deepEqual(calls(), []);
  router.missing.add("10.0.1.0/24");
  assert.equal(await reconcile(), undefined);
  assert.deepEqual(calls(), ["add 10.0.1.0/24"]);
  assert.deepEqual(status(), ["10.0.0.0/24 config  active", "10.0.1.0/24 config  active"]);
});

Deno.test("a stolen route is told with its owner, left alone, and put back when it is free", async () => {
  const { router, configure, reconcile, calls, status, log } = setUp();
  await configure("route 10.0.0.0/24");
  router.missing.add("10.0.0.0/24");
  router.refused.add("10.0.0.0/24");
  calls();
  for (let look = 0; look < 3; look++) assert.equal(await reconcile(), undefined, "no tight loop");
  assert.deepEqual(status(), ["10.0.0.0/24 config  failed"]);
  assert.equal(log().length, 1);
  router.refused.clear();
  await reconcile();
  assert.deepEqual(status(), ["10.0.0.0/24 config  active"]);
});

Deno.test("a route that is taken away again and again is put back with pauses and told once", async () => {
  const { router, clock, routeController, configure, reconcile, calls, log } = setUp();
  await configure("route 10.0.0.0/24\nroute 10.0.1.0/24");
  calls();
  const asked: (number | undefined)[] = [];
  for (; clock.time < 100_000; clock.time += 50) {
    router.missing.add("10.0.0.0/24");
    asked.push(await reconcile());
  }
  // Four at once, then after 1, 2, 4, 8, 16, 30 and 30 s.
  assert.equal(calls().length, 11);
  assert.ok(asked.every((time) => time === undefined || (time > 0 && time <= 60_000)));
  assert.deepEqual(log().map((line) => line.slice(0, 62)), [
    "error Cannot keep 10.0.0.0/24 routed to connector0: another pr",
  ]);
  const [first, second] = routeController.status;
  assert.match(first?.fault ?? "", /takes the route away again and again/);
  assert.deepEqual([second?.state, second?.fault], ["active", undefined]);
  await configure("route 10.0.1.0/24");
  await configure("route 10.0.0.0/24\nroute 10.0.1.0/24");
  assert.deepEqual(calls(), ["add 10.0.0.0/24"], "a line that is new is not held against it");
});

Deno.test("without a look at the routing table, what is active stays so", async () => {
  const { router, configure, reconcile, status, log } = setUp();
  await configure("route 10.0.0.0/24");
  const broken = new OperationError("io", "Cannot list the routes of connector0: broken");
  router.listMissing = () => Promise.reject(broken);
  for (let look = 0; look < 2; look++) assert.equal(await reconcile(), 2_000, "the next look is soon");
  assert.deepEqual(status(), ["10.0.0.0/24 config  active"]);
  assert.equal(log().length, 1);
});

Deno.test("a VPN's route of the same prefix is answered by halves, and by the whole again when it is gone", async () => {
  const { router, routeController, configure, reconcile, calls, status } = setUp();
  await configure("");
  await routeController.discover([network("a", "172.17.0.0/16")]);
  // It replaces the route.
  router.missing.add("172.17.0.0/16");
  const vpn: OtherRoute = { prefix: prefix("172.17.0.0/16"), interfaceName: "utun7", isTunnel: true };
  router.foreign = [vpn];
  calls();
  await reconcile();
  assert.deepEqual(calls(), ["add 172.17.0.0/17 172.17.128.0/17"]);
  assert.deepEqual(status(), ["172.17.0.0/16 docker a active"]);
  const [route] = routeController.status;
  assert.deepEqual(route?.halves, ["172.17.0.0/17", "172.17.128.0/17"]);
  assert.deepEqual([route?.cause, route?.owner], ["hides", "utun7"]);
  await reconcile();
  assert.deepEqual(calls(), []);

  router.missing.add("172.17.128.0/17");
  await reconcile();
  assert.deepEqual(calls(), ["add 172.17.128.0/17"], "one half is put back alone");

  router.foreign = [];
  router.missing.clear();
  await reconcile();
  assert.deepEqual(calls(), ["add 172.17.0.0/16", "remove 172.17.0.0/17 172.17.128.0/17"]);
  assert.deepEqual(routeController.status[0]?.halves, undefined);
  router.foreign = [vpn];
  await reconcile();
  assert.deepEqual(calls(), ["add 172.17.0.0/17 172.17.128.0/17", "remove 172.17.0.0/16"]);
  await routeController.clear();
  assert.deepEqual(calls(), ["remove 172.17.0.0/17 172.17.128.0/17"]);
});

Deno.test("who most likely takes a route away is named, and its end puts the route back at once", async () => {
  const { router, routeController, clock, configure, reconcile, calls, status } = setUp();
  router.foreign = [{ prefix: prefix("0.0.0.0/0"), interfaceName: "cscotun0", isTunnel: true }];
  await configure("route 10.0.0.0/24");
  for (; clock.time < 10_000; clock.time += 50) {
    router.missing.add("10.0.0.0/24");
    await reconcile();
  }
  const [route] = routeController.status;
  assert.deepEqual([route?.state, route?.cause, route?.owner], ["failed", "removed", "cscotun0"]);
  assert.match(route?.fault ?? "", /again and again, most likely that of cscotun0 \(a company's VPN\)$/);
  assert.match(route?.remedy ?? "", /^Let the VPN of cscotun0 leave other routes alone/);
  calls();
  await reconcile();
  assert.deepEqual(calls(), [], "it has to wait");
  router.foreign = [];
  assert.equal(await reconcile(), undefined);
  assert.deepEqual(calls(), ["add 10.0.0.0/24"]);
  assert.deepEqual([status(), routeController.status[0]?.fault], [["10.0.0.0/24 config  active"], undefined]);
});

Deno.test("a route whose packets a rule sends elsewhere is told once and left alone", async () => {
  const { router, routeController, configure, reconcile, calls, log, status } = setUp();
  await configure("route 10.0.0.0/24\nroute 10.0.1.0/24");
  calls();
  router.diverted = [{ prefix: prefix("10.0.0.0/24"), owner: "tailscale0", free: 5269 }];
  await reconcile();
  await reconcile();
  assert.deepEqual([calls(), status()], [[], ["10.0.0.0/24 config  failed", "10.0.1.0/24 config  active"]]);
  const told = log();
  assert.equal(told.length, 1);
  assert.match(
    told[0] ?? "",
    /^WARN Packets for 10\.0\.0\.0\/24 leave by tailscale0 \(Tailscale\): a routing rule/i,
  );
  const [route] = routeController.status;
  assert.deepEqual([route?.cause, route?.owner], ["diverted", "tailscale0"]);
  assert.match(route?.remedy ?? "", /sudo ip rule add to 10\.0\.0\.0\/24 lookup main priority 5269$/);
  router.diverted = [];
  await reconcile();
  assert.equal(routeController.status[0]?.fault, undefined);
});

Deno.test("halves that another program answers again and again come with pauses", async () => {
  const { router, clock, routeController, configure, reconcile, calls } = setUp();
  const vpn: OtherRoute = { prefix: prefix("10.0.0.0/24"), interfaceName: "utun7", isTunnel: true };
  router.foreign = [{ prefix: prefix("100.64.9.2/32"), interfaceName: "utun7", isTunnel: true, isOwn: true }];
  await configure("route 10.0.0.0/24");
  const others = router.foreign;
  calls();
  // It takes its route away for the halves, and lays it again where the whole is.
  for (; clock.time < 20_000; clock.time += 50) {
    const [route] = routeController.status;
    router.foreign = route?.halves === undefined ? [...others, vpn] : others;
    await reconcile();
  }
  const halved = calls().filter((call) => call === "add 10.0.0.0/25 10.0.0.128/25");
  // Four at once, then after 1, 2, 4 and 8 s; the whole stays meanwhile.
  assert.equal(halved.length, 8);
  const { state, halves, cause } = routeController.status[0] ?? assert.fail("there is no route");
  assert.deepEqual([state, halves, cause], ["active", undefined, "removed"]);
});
