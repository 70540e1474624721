import assert from "node:assert/strict";
import type { ErrorCode } from "../../core/error.ts";
import { OperationError } from "../../core/error.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { FakeMac, type FakeMacOptions } from "../../tests/fakes/darwin_host.ts";
import type { RunCommand } from "../process/command.ts";
import type { RouteFailure } from "./router.ts";
import { DarwinRouter } from "./router_darwin.ts";
import { address, prefix } from "../../tests/literals.ts";

const ipv4Settings = {
  name: "utun4",
  mtu: 1400,
  address: address("192.168.251.2"),
  peer: address("192.168.251.1"),
};
const settings = {
  ...ipv4Settings,
  address6: address("fdc0:c0de:251::2"),
  peer6: address("fdc0:c0de:251::1"),
};

function setUp(options: FakeMacOptions = {}) {
  const mac = new FakeMac(options);
  mac.addInterface("utun4");
  return { mac, router: new DarwinRouter(mac.run) };
}

/** A Mac whose utun4 is configured, with no argv noted yet. */
async function configured(options: FakeMacOptions = {}) {
  const { mac, router } = setUp(options);
  await router.configureInterface(settings);
  mac.argvs.length = 0;
  return { mac, router };
}

const CONFIGURED = [
  "utun4 mtu 1400 up 192.168.251.2 > 192.168.251.1, fdc0:c0de:251::2 > fdc0:c0de:251::1",
  "192.168.251.1/32 utun4",
  "fdc0:c0de:251::1/128 utun4",
];

function reports(failures: readonly RouteFailure[]): string[] {
  return failures.map(({ prefix, error }) => `${formatPrefix(prefix)}: ${error.message}`);
}

const fault = (code: ErrorCode, message: string) => (error: unknown) => {
  assert.ok(error instanceof OperationError, String(error));
  assert.deepEqual([error.code, error.message], [code, message]);
  return true;
};

Deno.test("an interface gets its addresses, its MTU and comes up", async () => {
  const { mac, router } = setUp();
  await router.configureInterface(settings);
  assert.deepEqual(mac.argvs, [
    "/sbin/ifconfig utun4",
    "/sbin/ifconfig utun4 inet 192.168.251.2/32 192.168.251.1 mtu 1400 up",
    "/sbin/ifconfig utun4 inet6 fdc0:c0de:251::2 fdc0:c0de:251::1 prefixlen 128 alias",
  ]);
  assert.deepEqual(mac.state, CONFIGURED);
});

Deno.test("a configured interface is left alone", async () => {
  const { mac, router } = await configured();
  await router.addRoute(prefix("172.17.0.0/16"), "utun4");
  mac.argvs.length = 0;
  await router.configureInterface(settings);
  assert.deepEqual(mac.argvs, ["/sbin/ifconfig utun4"]);
  assert.deepEqual(mac.state, [...CONFIGURED, "172.17.0.0/16 utun4"]);
});

Deno.test("only the MTU changes, and an interface that is down comes up", async () => {
  const { mac, router } = await configured();
  await router.configureInterface({ ...settings, mtu: 1380 });
  assert.deepEqual(mac.argvs, ["/sbin/ifconfig utun4", "/sbin/ifconfig utun4 mtu 1380 up"]);
  const state = mac.interfaces.get("utun4");
  assert.ok(state);
  state.up = false;
  await router.configureInterface({ ...settings, mtu: 1380 });
  assert.equal(state.up, true);
});

Deno.test("other addresses go, and the routes that go with them come back", async () => {
  const { mac, router } = await configured();
  await router.addRoutes([prefix("172.17.0.0/16"), prefix("fd00:1::/64")], "utun4");
  const moved = { ...settings, address: address("10.99.0.2"), peer: address("10.99.0.1") };
  await router.configureInterface({ ...moved, address6: address("fd99::2"), peer6: address("fd99::1") });
  assert.deepEqual(mac.state, [
    "utun4 mtu 1400 up 10.99.0.2 > 10.99.0.1, fd99::2 > fd99::1",
    "10.99.0.1/32 utun4",
    "172.17.0.0/16 utun4",
    "fd99::1/128 utun4",
    "fd00:1::/64 utun4",
  ]);
});

Deno.test("IPv6 that is not wanted any more goes with its routes", async () => {
  const { mac, router } = await configured();
  await router.addRoutes([prefix("172.17.0.0/16"), prefix("fd00:1::/64")], "utun4");
  await router.configureInterface(ipv4Settings);
  assert.deepEqual(mac.state, [
    "utun4 mtu 1400 up 192.168.251.2 > 192.168.251.1",
    "192.168.251.1/32 utun4",
    "172.17.0.0/16 utun4",
  ]);
});

Deno.test("IPv4 is active where IPv6 is refused", async () => {
  const { mac, router } = setUp({ withoutIpv6: true });
  await assert.rejects(
    router.configureInterface(settings),
    fault(
      "unavailable",
      "Cannot give interface utun4 the address fdc0:c0de:251::2: the system takes no IPv6 address here",
    ),
  );
  assert.deepEqual(mac.state, [
    "utun4 mtu 1400 up 192.168.251.2 > 192.168.251.1",
    "192.168.251.1/32 utun4",
  ]);
});

Deno.test("routes of both families are added by their networks", async () => {
  const { mac, router } = await configured();
  const failures = await router.addRoutes(
    [prefix("172.17.0.1/16"), prefix("fd00:1::5/64"), prefix("10.1.2.3/32")],
    "utun4",
  );
  assert.deepEqual(failures, []);
  assert.deepEqual(mac.argvs, [
    "/sbin/ifconfig utun4",
    "/sbin/route -q -n add -inet 172.17.0.0/16 -interface utun4",
    "/sbin/route -q -n add -inet6 fd00:1::/64 -interface utun4",
    "/sbin/route -q -n add -inet 10.1.2.3/32 -interface utun4",
  ]);
  assert.deepEqual(mac.state.slice(3), ["172.17.0.0/16 utun4", "fd00:1::/64 utun4", "10.1.2.3/32 utun4"]);
});

Deno.test("a route that is there already is fine, though only a text tells of it", async () => {
  const { mac, router } = await configured();
  await router.addRoute(prefix("172.17.0.0/16"), "utun4");
  await router.addRoute(prefix("172.17.0.0/16"), "utun4");
  assert.deepEqual(mac.argvs.at(-1), "/sbin/route -n get -inet 172.17.0.0/16");
  assert.deepEqual(mac.state, [...CONFIGURED, "172.17.0.0/16 utun4"]);
});

Deno.test("a prefix that another interface has is a conflict that names it", async () => {
  const { mac, router } = await configured();
  mac.addRoute("10.8.0.0/16", "utun7", "USc");
  const failures = await router.addRoutes(
    [prefix("10.8.0.0/16"), prefix("10.8.1.0/24"), prefix("172.17.0.0/16")],
    "utun4",
  );
  assert.deepEqual(reports(failures), [
    "10.8.0.0/16: Cannot route 10.8.0.0/16 to utun4: it is already routed to utun7",
  ]);
  assert.match(failures[0]?.error.remedy ?? "", /sudo route -n delete -inet 10\.8\.0\.0\/16/);
  assert.deepEqual(mac.state, [
    ...CONFIGURED,
    "10.8.0.0/16 utun7",
    "10.8.1.0/24 utun4",
    "172.17.0.0/16 utun4",
  ]);
});

Deno.test("a refused route says why, the others are added", async () => {
  const { mac, router } = setUp();
  await router.configureInterface(ipv4Settings);
  const failures = await router.addRoutes([prefix("fd00:1::/64"), prefix("172.17.0.0/16")], "utun4");
  assert.deepEqual(reports(failures), [
    "fd00:1::/64: Cannot route fd00:1::/64 to utun4: route: writing to routing socket: Device not configured",
  ]);
  assert.deepEqual(mac.state.slice(2), ["172.17.0.0/16 utun4"]);
});

Deno.test("a route that cannot be deleted is told by what is said, for the exit status is 0", async () => {
  const { mac, router } = await configured();
  await router.addRoute(prefix("172.17.0.0/16"), "utun4");
  const run: RunCommand = (argv) =>
    argv.includes("delete")
      ? Promise.resolve({
        code: 0,
        stdout: "delete net 172.17.0.0/16: entry in use\n",
        stderr: "route: writing to routing socket: entry in use\n",
      })
      : mac.run(argv);
  const failures = await new DarwinRouter(run).removeRoutes([prefix("172.17.0.0/16")], "utun4");
  assert.deepEqual(reports(failures), [
    "172.17.0.0/16: Cannot remove the route 172.17.0.0/16 from utun4: route: writing to routing socket: entry in use",
  ]);
});

Deno.test("routes are removed after the system has said whose they are", async () => {
  const { mac, router } = await configured();
  await router.addRoutes([prefix("172.17.0.0/16"), prefix("fd00:1::/64")], "utun4");
  mac.argvs.length = 0;
  assert.deepEqual(await router.removeRoutes([prefix("172.17.0.1/16"), prefix("fd00:1::/64")], "utun4"), []);
  for (const words of ["-inet 172.17.0.0/16", "-inet6 fd00:1::/64"]) {
    assert.deepEqual(mac.argvs.filter((argv) => argv.endsWith(words)), [
      `/sbin/route -n get ${words}`,
      `/sbin/route -q -n delete ${words}`,
    ]);
  }
  assert.equal(mac.argvs.length, 4);
  assert.deepEqual(mac.state, CONFIGURED);
});

Deno.test("another interface's route and an absent one are never deleted", async () => {
  const { mac, router } = await configured();
  mac.addRoute("10.8.0.0/16", "utun7", "USc");
  await router.addRoute(prefix("172.16.0.0/12"), "utun4");
  const before = mac.state;
  mac.argvs.length = 0;
  // Two have no route, though wider ones cover them; the others are en0's and utun7's.
  for (const text of ["192.0.2.0/24", "0.0.0.0/0", "10.8.0.0/16", "10.8.3.0/24", "172.17.0.0/16"]) {
    await router.removeRoute(prefix(text), "utun4");
  }
  assert.deepEqual(mac.argvs.filter((argv) => argv.includes("delete")), []);
  assert.deepEqual(mac.state, before);
  assert.equal(mac.routes[0]?.netif, "en0");
});

Deno.test("the listed routes are those that programs led to the interface", async () => {
  for (const oldColumns of [false, true]) {
    const { mac, router } = await configured({ oldColumns });
    mac.addRoute("10.8.0.0/16", "utun7", "USc");
    mac.addRoute("224.0.0.0/4", "utun4", "UmCSI");
    const texts = [
      "172.17.0.0/16",
      "10.1.0.0/16",
      "192.168.7.0/24",
      "10.2.3.4/32",
      "172.20.0.0/14",
      "fd00:1::/64",
    ];
    await router.addRoutes(texts.map(prefix), "utun4");
    mac.argvs.length = 0;
    assert.deepEqual((await router.listRoutes("utun4")).map(formatPrefix), texts);
    assert.deepEqual(mac.argvs, ["/usr/sbin/netstat -nr -f inet", "/usr/sbin/netstat -nr -f inet6"]);
    assert.deepEqual(await router.listRoutes("utun9"), []);
  }
});

Deno.test("the machine's own networks are those of the other interfaces", async () => {
  const { mac, router } = await configured({});
  mac.addRoute("10.8.0.0/16", "utun7", "USc");
  mac.addRoute("10.9.0.1/32", "utun7", "UH");
  await router.addRoute(prefix("172.17.0.0/16"), "utun4");
  const found = await router.listOtherRoutes("utun4", 4);
  assert.deepEqual(found.map(({ prefix, interfaceName }) => `${formatPrefix(prefix)} ${interfaceName}`), [
    "0.0.0.0/0 en0",
    "127.0.0.0/8 lo0",
    "169.254.0.0/16 en0",
    "192.168.0.0/24 en0",
    "10.8.0.0/16 utun7",
    "10.9.0.1/32 utun7",
  ]);
});

Deno.test("halves lead to the tunnel beside a VPN's route of the whole, which is never deleted", async () => {
  const { mac, router } = await configured({});
  mac.addRoute("172.17.0.0/16", "utun7", "USc");
  const halves = ["172.17.0.0/17", "172.17.128.0/17"].map(prefix);
  assert.deepEqual(await router.addRoutes(halves, "utun4"), []);
  assert.deepEqual(await router.listMissing(halves, "utun4"), []);
  const taken = (await router.listOtherRoutes("utun4", 4)).find(({ interfaceName }) =>
    interfaceName === "utun7"
  );
  assert.deepEqual([formatPrefix(taken?.prefix ?? prefix("0.0.0.0/0")), taken?.isTunnel, taken?.isOwn], [
    "172.17.0.0/16",
    true,
    false,
  ]);
  assert.deepEqual(await router.removeRoutes([...halves, prefix("172.17.0.0/16")], "utun4"), []);
  assert.deepEqual(mac.state.at(-1), "172.17.0.0/16 utun7");
  assert.deepEqual(await router.listRoutes("utun4"), []);
});

Deno.test("an interface that does not exist is named", async () => {
  const { router } = setUp();
  await assert.rejects(
    router.configureInterface({ ...settings, name: "utun9" }),
    fault("io", "Cannot configure interface utun9: there is no interface utun9"),
  );
  await assert.rejects(
    router.addRoute(prefix("172.17.0.0/16"), "utun9"),
    fault("io", "Cannot add routes to utun9: there is no interface utun9"),
  );
  await router.removeRoute(prefix("172.17.0.0/16"), "utun9");
});

Deno.test("without root the fault says so, once for all routes", async () => {
  const { mac, router } = setUp({ root: false });
  await assert.rejects(
    router.configureInterface(settings),
    fault("privilege", "Cannot configure interface utun4: not permitted"),
  );
  await assert.rejects(
    router.addRoutes([prefix("172.17.0.0/16"), prefix("172.18.0.0/16")], "utun4"),
    fault("privilege", "Cannot route 172.17.0.0/16 to utun4: not permitted"),
  );
  mac.addRoute("172.17.0.0/16", "utun4", "USc");
  await assert.rejects(
    router.removeRoute(prefix("172.17.0.0/16"), "utun4"),
    fault("privilege", "Cannot remove the route 172.17.0.0/16 from utun4: not permitted"),
  );
});

Deno.test("a batch that fails begins with no further route, and ends when nothing of it runs any more", async () => {
  const { mac } = await configured();
  let begun = 0;
  let running = 0;
  const router = new DarwinRouter(async (argv, options) => {
    if (argv[3] !== "add") return await mac.run(argv, options);
    const place = begun++;
    running++;
    // The second fails while the first and the third still run.
    for (let turn = 0; turn < (place === 1 ? 1 : 5); turn++) await new Promise((next) => setImmediate(next));
    running--;
    if (place === 1) throw new OperationError("io", "Cannot run route: it did not end within 10 s");
    return await mac.run(argv, options);
  });
  const prefixes = Array.from({ length: 24 }, (_, index) => prefix(`172.20.${index}.0/24`));
  await assert.rejects(
    router.addRoutes(prefixes, "utun4"),
    fault("io", "Cannot run route: it did not end within 10 s"),
  );
  const atEnd = { begun, running };
  for (let turn = 0; turn < 50; turn++) await new Promise((next) => setImmediate(next));
  assert.deepEqual(atEnd, { begun: 4, running: 0 });
  assert.equal(begun, 4);
});

Deno.test("what an interface lost is noticed and put back, and nothing is done to a sound one", async () => {
  const { mac, router } = await configured();
  assert.equal(await router.hasDrifted(settings), false);
  await router.repairInterface(settings);
  assert.deepEqual([...new Set(mac.argvs)], ["/sbin/ifconfig utun4"]);
  const losses: Record<string, () => void> = {
    down: () => Object.assign(mac.interfaces.get("utun4") ?? {}, { up: false }),
    mtu: () => Object.assign(mac.interfaces.get("utun4") ?? {}, { mtu: 1500 }),
    addresses: () => {
      mac.interfaces.get("utun4")?.addresses.splice(0);
      mac.routes.splice(7);
    },
  };
  for (const [what, lose] of Object.entries(losses)) {
    lose();
    assert.equal(await router.hasDrifted(settings), true, what);
    await router.repairInterface(settings);
    assert.deepEqual(mac.state, CONFIGURED, what);
  }
});

Deno.test("missing routes are told by one look at each table", async () => {
  const { mac, router } = await configured();
  await router.addRoutes([prefix("172.17.0.0/16"), prefix("fd00:1::/64")], "utun4");
  mac.addRoute("172.19.0.0/16", "utun9", "USc");
  mac.argvs.length = 0;
  const wanted = ["172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16", "fd00:1::/64", "fd00:2::/64"];
  const missing = await router.listMissing(wanted.map(prefix), "utun4");
  assert.deepEqual(missing.map(formatPrefix), ["172.18.0.0/16", "172.19.0.0/16", "fd00:2::/64"]);
  assert.deepEqual(mac.argvs, ["/usr/sbin/netstat -nr -f inet", "/usr/sbin/netstat -nr -f inet6"]);
});

Deno.test("a removal that is called off begins with no further route", async () => {
  const mac = new FakeMac();
  mac.addInterface("utun4");
  const until = new AbortController();
  const run: RunCommand = (argv) => {
    if (argv.includes("delete")) until.abort();
    return mac.run(argv);
  };
  const router = new DarwinRouter(run);
  await router.configureInterface(settings);
  const prefixes = Array.from({ length: 20 }, (_, third) => prefix(`10.1.${third}.0/24`));
  assert.deepEqual(await router.addRoutes(prefixes, "utun4"), []);
  assert.deepEqual(await router.removeRoutes(prefixes, "utun4", until.signal), []);
  const left = (await router.listRoutes("utun4")).length;
  assert.ok(left >= 16 && left < 20, `${left} routes are left`);
});

Deno.test("a killed run's interface loses routes and addresses, another's keeps them", async () => {
  const { mac, router } = await configured();
  await router.addRoutes([prefix("172.17.0.0/16"), prefix("fd00:1::/64")], "utun4");
  const before = mac.state;
  const { address: own, peer } = settings;
  assert.equal(await router.strip("utun9", own, peer), undefined);
  assert.equal(await router.strip("utun4", own, address("192.168.251.9")), undefined);
  assert.deepEqual(mac.state, before);
  const routes = await router.strip("utun4", own, peer);
  assert.deepEqual(routes?.map(formatPrefix), ["172.17.0.0/16", "fd00:1::/64"]);
  assert.deepEqual(mac.state, []);
});
