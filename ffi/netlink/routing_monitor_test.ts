import assert from "node:assert/strict";
import { asRootOnLinux, PrivateNetwork } from "./private_network_fixture.ts";
import { RoutingMonitor } from "./routing_monitor.ts";

/** The promise's outcome, or "pending" when a task that was queued later comes first. */
function stateOf(promise: Promise<boolean>): Promise<boolean | "pending"> {
  return Promise.race([promise, new Promise<"pending">((resolve) => setTimeout(resolve, 0, "pending"))]);
}

Deno.test(
  "changes of links, addresses, routes and rules end the wait (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = new PrivateNetwork();
    using monitor = new RoutingMonitor();
    for (
      const change of [
        "tuntap add dev t0 mode tun",
        "link set t0 up",
        "address add 192.0.2.1/32 peer 192.0.2.2 dev t0",
        "route add 198.51.100.0/24 dev t0",
        "route del 198.51.100.0/24 dev t0",
        "-6 address add fd00::1/64 dev t0 nodad",
        "-6 route add fd01::/64 dev t0",
        "-6 route del fd01::/64 dev t0",
        "rule add priority 5270 table 52",
        "-6 rule add priority 5270 table 52",
        "link set t0 down",
      ]
    ) {
      network.ip(change);
      assert.equal(await monitor.changed(), true, change);
    }
  },
);

Deno.test(
  "more changes than the socket's queue holds end the wait, and later ones too (needs root on Linux)",
  asRootOnLinux,
  async () => {
    using network = new PrivateNetwork();
    network.ip("tuntap add dev t0 mode tun");
    network.ip("link set t0 up");
    using monitor = new RoutingMonitor();
    const batch = Array.from(
      { length: 5000 },
      (_, at) => `route add 10.${at >> 8}.${at & 255}.0/24 dev t0\n`,
    );
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, batch.join(""));
      network.ip(`-batch ${file}`);
    } finally {
      await Deno.remove(file);
    }
    assert.equal(await monitor.changed(), true);
    network.ip("link set t0 down");
    assert.equal(await monitor.changed(), true);
  },
);

Deno.test("a wait ends when the monitor is closed (needs root on Linux)", asRootOnLinux, async () => {
  using _network = new PrivateNetwork();
  const monitor = new RoutingMonitor();
  const waiting = monitor.changed();
  assert.equal(await stateOf(waiting), "pending");
  monitor[Symbol.dispose]();
  monitor[Symbol.dispose]();
  assert.equal(await waiting, false);
  assert.equal(await monitor.changed(), false);
});
