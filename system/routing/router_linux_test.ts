import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { addressFromUint32 } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { asRootOnLinux, PrivateNetwork } from "../../ffi/netlink/private_network_fixture.ts";
import type { RouteFailure } from "./router.ts";
import { LinuxRouter } from "./router_linux.ts";
import { settings, tunnelNetwork } from "./router_linux_fixture.ts";
import { address, prefix } from "../../tests/literals.ts";

/** Destinations and interfaces of the static routes, in order, as iproute2 sees them. */
function staticRoutes(network: PrivateNetwork): string[] {
  return [4, 6].flatMap((family) => network.list(`-${family} route show proto static`))
    .map(({ dst, dev }) => `${dst} ${dev}`).sort();
}

/** Global addresses of t0 as "LOCAL peer PEER/LENGTH". */
function addresses(network: PrivateNetwork): string[] {
  const [link] = network.list("address show t0");
  return (link?.addr_info as Record<string, unknown>[]).filter(({ scope }) => scope === "global")
    .map(({ local, address, prefixlen }) => `${local} peer ${address}/${prefixlen}`);
}

function reports(failures: readonly RouteFailure[]): string[] {
  return failures.map(({ prefix, error }) => `${formatPrefix(prefix)}: ${error.message}`);
}

/** The OperationError that the promise is rejected with. */
function fault(promise: Promise<unknown>): Promise<OperationError> {
  return promise.then(
    () => assert.fail("did not fail"),
    (error) => {
      assert.ok(error instanceof OperationError, String(error));
      return error;
    },
  );
}

Deno.test(
  "an interface is up with its MTU, queue and addresses, however often it is configured (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    await router.addRoute(prefix("172.17.0.0/16"), "t0");
    await router.configureInterface(settings);
    const [link] = network.list("link show t0");
    assert.deepEqual([link?.mtu, link?.txqlen], [1400, 1000]);
    assert.ok((link?.flags as string[]).includes("UP"));
    const expected = ["192.168.251.2 peer 192.168.251.1/32", "fdc0:c0de:251::2 peer fdc0:c0de:251::1/128"];
    assert.deepEqual(addresses(network), expected);
    assert.deepEqual(staticRoutes(network), ["172.17.0.0/16 t0"]);
  },
);

Deno.test(
  "new addresses replace the old ones and the routes stay (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    network.ip("address add 10.9.8.7/24 dev t0");
    await router.addRoutes([prefix("172.17.0.0/16"), prefix("fd00:1::/64")], "t0");
    const { address6: _, peer6: __, ...ipv4 } = settings;
    await router.configureInterface({ ...ipv4, address: address("10.0.0.2"), peer: address("10.0.0.1") });
    assert.deepEqual(addresses(network), ["10.0.0.2 peer 10.0.0.1/32"]);
    assert.deepEqual(staticRoutes(network), ["172.17.0.0/16 t0", "fd00:1::/64 t0"]);
  },
);

Deno.test(
  "routes are added once and removed once, both idempotent (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    const wanted = [prefix("172.17.0.1/16"), prefix("fd00:1::1/64"), prefix("172.17.0.0/16")];
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await router.addRoutes(wanted, "t0"), []);
      await router.addRoute(prefix("10.1.2.3/32"), "t0");
      assert.deepEqual(staticRoutes(network), ["10.1.2.3 t0", "172.17.0.0/16 t0", "fd00:1::/64 t0"]);
    }
    const listed = await router.listRoutes("t0");
    assert.deepEqual(listed.map(formatPrefix).sort(), ["10.1.2.3/32", "172.17.0.0/16", "fd00:1::/64"]);
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await router.removeRoutes(wanted, "t0"), []);
      await router.removeRoute(prefix("10.1.2.3/32"), "t0");
      assert.deepEqual(staticRoutes(network), []);
    }
    assert.deepEqual(await router.listRoutes("t0"), []);
  },
);

Deno.test(
  "a prefix that another interface has is a conflict, whatever its metric (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    network.ip("route add 172.18.0.0/16 dev lan0 proto static");
    network.ip("route add 172.19.0.0/16 dev lan0 metric 600");
    network.ip("address add fd00:9::1/64 dev lan0 nodad");
    network.ip("route add blackhole 172.20.0.0/16");
    const wanted = [
      "172.17.0.0/16",
      "172.18.0.0/16",
      "172.19.0.0/16",
      "172.20.0.0/16",
      "fd00:9::/64",
      "fd00:8::/64",
    ];
    const failures = await router.addRoutes(wanted.map(prefix), "t0");
    assert.deepEqual(reports(failures), [
      "172.18.0.0/16: Cannot route 172.18.0.0/16 to t0: it is already routed to lan0",
      "172.19.0.0/16: Cannot route 172.19.0.0/16 to t0: it is already routed to lan0",
      "172.20.0.0/16: Cannot route 172.20.0.0/16 to t0: another route has it",
      "fd00:9::/64: Cannot route fd00:9::/64 to t0: it is already routed to lan0",
    ]);
    assert.match(failures[0]?.error.remedy ?? "", /ip route delete 172\.18\.0\.0\/16 dev lan0/);
    assert.deepEqual(staticRoutes(network), ["172.17.0.0/16 t0", "172.18.0.0/16 lan0", "fd00:8::/64 t0"]);

    const error = await fault(router.addRoute(prefix("172.18.0.0/16"), "t0"));
    assert.equal(error.code, "io");
    await router.removeRoute(prefix("172.18.0.0/16"), "t0");
    assert.ok(
      staticRoutes(network).includes("172.18.0.0/16 lan0"),
      "another interface's route is never removed",
    );
  },
);

Deno.test(
  "wider and narrower prefixes of another interface do not matter (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    network.ip("route add default dev lan0");
    network.ip("route add 172.16.0.0/12 dev lan0");
    network.ip("route add 172.17.5.0/24 dev lan0");
    assert.deepEqual(await router.addRoutes([prefix("172.17.0.0/16")], "t0"), []);
    assert.equal(network.list("route get 172.17.1.1")[0]?.dev, "t0");
  },
);

Deno.test(
  "the kernel's route to the peer is neither listed nor removed (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    const peer = prefix("192.168.251.1/32");
    await router.addRoute(peer, "t0");
    assert.deepEqual(await router.listRoutes("t0"), []);
    await router.removeRoute(peer, "t0");
    assert.equal(network.list("route get 192.168.251.1")[0]?.dev, "t0");
  },
);

Deno.test(
  "an absent interface has no routes and takes none (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using _network = new PrivateNetwork();
    assert.deepEqual(await router.listRoutes("t0"), []);
    await router.removeRoute(prefix("172.17.0.0/16"), "t0");
    const adding = await fault(router.addRoute(prefix("172.17.0.0/16"), "t0"));
    assert.equal(adding.message, "Cannot add routes to t0: there is no interface t0");
    const configuring = await fault(router.configureInterface(settings));
    assert.equal(configuring.message, "Cannot configure interface t0: there is no interface t0");
  },
);

Deno.test("an interface that is down refuses each route (needs root on Linux)", asRootOnLinux, async () => {
  const router = new LinuxRouter();
  using network = await tunnelNetwork(router);
  network.ip("link set t0 down");
  const failures = await router.addRoutes([prefix("172.17.0.0/16"), prefix("172.18.0.0/16")], "t0");
  assert.deepEqual(reports(failures), [
    "172.17.0.0/16: Cannot route 172.17.0.0/16 to t0: network is down",
    "172.18.0.0/16: Cannot route 172.18.0.0/16 to t0: network is down",
  ]);
});

Deno.test(
  "without IPv6 the interface still gets its IPv4 part (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = new PrivateNetwork();
    network.ip("tuntap add dev t0 mode tun");
    Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/t0/disable_ipv6", "1");
    const error = await fault(router.configureInterface(settings));
    assert.equal(error.code, "unavailable");
    assert.equal(
      error.message,
      "Cannot give interface t0 the address fdc0:c0de:251::2: IPv6 is switched off",
    );
    assert.deepEqual(addresses(network), ["192.168.251.2 peer 192.168.251.1/32"]);
    Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/t0/disable_ipv6", "0");
    const small = await fault(router.configureInterface({ ...settings, mtu: 1200 }));
    assert.equal(small.code, "unavailable");
  },
);

Deno.test(
  "the machine's own networks are those of other interfaces, routes and addresses (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    await router.addRoute(prefix("172.17.0.0/16"), "t0");
    network.ip("addr add 192.168.7.20/24 dev lan0");
    network.ip("addr add 192.168.8.20/24 dev lan0 noprefixroute");
    network.ip("addr add 10.8.0.6 peer 10.8.0.5 dev lan0");
    network.ip("route add 10.0.0.0/8 via 192.168.7.1");
    network.ip("route add blackhole 172.31.0.0/16");
    network.ip("-6 route add fd00:7::/64 dev lan0");
    const list = async (family: 4 | 6) => {
      const found = await router.listOtherRoutes("t0", family);
      const lines = found.map(({ prefix, interfaceName }) => `${formatPrefix(prefix)} ${interfaceName}`);
      return [...new Set(lines)].sort();
    };
    assert.deepEqual((await list(4)).filter((line) => !line.endsWith(" lo")), [
      "10.0.0.0/8 lan0",
      "10.8.0.5/32 lan0",
      "172.31.0.0/16 undefined",
      "192.168.7.0/24 lan0",
      "192.168.8.0/24 lan0",
    ]);
    const own = (await router.listOtherRoutes("t0", 4)).filter(({ isOwn }) => isOwn === true);
    assert.deepEqual(
      [...new Set(own.map(({ prefix }) => formatPrefix(prefix)))].filter((text) => !text.startsWith("127."))
        .sort(),
      ["10.8.0.5/32", "192.168.7.0/24", "192.168.8.0/24"],
    );
    network.ip("link add office0 type bridge");
    network.ip("link set office0 up");
    network.ip("route add 10.7.0.0/16 dev office0");
    const tunnels = (await router.listOtherRoutes("t0", 4)).filter(({ isTunnel }) => isTunnel === true);
    assert.deepEqual(
      [...new Set(tunnels.map(({ interfaceName }) => interfaceName))],
      ["lan0"],
      "lan0 is a TUN",
    );
    assert.ok((await list(6)).includes("fd00:7::/64 lan0"));
    assert.ok((await list(6)).every((line) => !line.endsWith(" t0")));
  },
);

Deno.test("without privilege the fault says what to do (needs root on Linux)", asRootOnLinux, async () => {
  const router = new LinuxRouter();
  using network = await tunnelNetwork(router);
  await router.addRoute(prefix("172.18.0.0/16"), "t0");
  const { adding, removing, configuring } = network.withoutPrivilege(() => ({
    adding: fault(router.addRoutes([prefix("172.17.0.0/16")], "t0")),
    removing: fault(router.removeRoute(prefix("172.18.0.0/16"), "t0")),
    configuring: fault(router.configureInterface(settings)),
  }));
  for (const error of [await adding, await removing, await configuring]) {
    assert.equal(error.code, "privilege");
    assert.match(error.message, /^Cannot .* t0: operation not permitted$/);
    assert.match(error.remedy, /sudo/);
  }
});

for (const family of [4, 6] as const) {
  Deno.test(
    `10,000 IPv${family} routes are added, listed, added again and removed (needs root on Linux)`,
    asRootOnLinux,
    async () => {
      const router = new LinuxRouter();
      using _network = await tunnelNetwork(router);
      const prefixes = Array.from(
        { length: 10_000 },
        (_, index) =>
          family === 4
            ? { address: addressFromUint32(0x0b000000 + index * 256), length: 24 }
            : prefix(`fd00:${index.toString(16)}::/64`),
      );
      assert.deepEqual(await router.addRoutes(prefixes, "t0"), []);
      assert.equal((await router.listRoutes("t0")).length, 10_000);
      assert.deepEqual(await router.addRoutes(prefixes, "t0"), []);
      assert.deepEqual(await router.removeRoutes(prefixes, "t0"), []);
      assert.equal((await router.listRoutes("t0")).length, 0);
    },
  );
}

Deno.test(
  "what an interface lost is noticed and put back, what others added stays (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    const expected = ["192.168.251.2 peer 192.168.251.1/32", "fdc0:c0de:251::2 peer fdc0:c0de:251::1/128"];
    assert.equal(await router.hasDrifted(settings), false);
    for (
      const loss of [
        "address flush dev t0",
        "-6 address flush dev t0",
        "-4 address flush dev t0",
        "link set t0 down",
        "link set t0 mtu 1300",
      ]
    ) {
      network.ip(loss);
      assert.equal(await router.hasDrifted(settings), true, loss);
      await router.repairInterface(settings);
      assert.equal(await router.hasDrifted(settings), false, loss);
      assert.deepEqual(addresses(network).sort(), expected, loss);
      assert.equal(network.list("link show t0")[0]?.mtu, 1400);
    }
    network.ip("address add 10.9.8.7/24 dev t0");
    await router.repairInterface(settings);
    assert.ok(addresses(network).some((text) => text.startsWith("10.9.8.7 ")));
    const absent = { ...settings, name: "absent0" };
    assert.match(
      (await fault(router.hasDrifted(absent).then(() => {}))).message,
      /there is no interface absent0/,
    );
  },
);

Deno.test(
  "missing routes are told, whatever made those that are there (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    await router.addRoutes([prefix("172.17.0.0/16"), prefix("fd00:1::/64")], "t0");
    network.ip("route add 172.18.0.0/16 dev t0");
    network.ip("route add 172.19.0.0/16 dev lan0");
    const wanted = [
      "172.17.0.9/16",
      "172.18.0.0/16",
      "172.19.0.0/16",
      "172.17.0.0/17",
      "fd00:1::/64",
      "fd00:2::/64",
    ];
    const missing = await router.listMissing(wanted.map(prefix), "t0");
    assert.deepEqual(missing.map(formatPrefix), ["172.19.0.0/16", "172.17.0.0/17", "fd00:2::/64"]);
    assert.equal((await router.listMissing(wanted.map(prefix), "absent0")).length, wanted.length);
  },
);
