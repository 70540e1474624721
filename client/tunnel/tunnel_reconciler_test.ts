import assert from "node:assert/strict";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { configureLog } from "../../program/log.ts";
import { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { TunnelReconciler, type TunnelReconcilerDeps } from "./tunnel_reconciler.ts";
import { prefix } from "../../tests/literals.ts";

const V4 = prefix("192.168.251.1/24");
const V6 = prefix("fdc0:c0de:251::1/64");

const BASE = { name: "connector0", mtu: 1400, address: V4.address, peer: V4.address };

/** A reconciler over a system of which a test takes things away. */
function setUp() {
  const lines: string[] = [];
  configureLog({ level: "warn", format: "text", color: false, write: (line) => lines.push(line) });
  const clock = new FakeClock();
  const system = { networks: [V4], clock, isDown: false, steps: [] as string[] };
  const missing = new Set<string>();
  const refused = new Set<string>();
  const router: TunnelReconcilerDeps["router"] = {
    hasDrifted: () => Promise.resolve(system.isDown),
    repairInterface: ({ address6 }) => {
      system.isDown = false;
      system.steps.push(`repair${address6 === undefined ? "" : ` with ${formatAddress(address6)}`}`);
      return Promise.resolve();
    },
    listMissing: (prefixes) => Promise.resolve(prefixes.filter((each) => missing.has(formatPrefix(each)))),
    addRoutes: (prefixes) => {
      system.steps.push(`add ${prefixes.map(formatPrefix).join(" ")}`);
      const failed = prefixes.filter((each) => refused.has(formatPrefix(each)));
      for (const each of prefixes) if (!failed.includes(each)) missing.delete(formatPrefix(each));
      const error = new OperationError("io", "Cannot route it: it is already routed to vpn0");
      return Promise.resolve(failed.map((prefix) => ({ prefix, error })));
    },
  };
  const reconciler = new TunnelReconciler({
    router,
    wanted: () => system.networks.includes(V6) ? { ...BASE, address6: V6.address, peer6: V6.address } : BASE,
    networks: () => system.networks,
    clock,
  });
  return { system, missing, refused, reconciler, lines };
}

Deno.test("nothing is done to a tunnel that is sound", async () => {
  const { system, reconciler } = setUp();
  assert.equal(await reconciler.reconcile(), undefined);
  assert.deepEqual([system.steps, reconciler.fault], [[], undefined]);
});

Deno.test("interface and routes of the active networks are put back", async () => {
  const { system, missing, reconciler } = setUp();
  system.networks = [V4, V6];
  system.isDown = true;
  missing.add("192.168.251.0/24").add("fdc0:c0de:251::/64").add("10.0.0.0/8");
  assert.equal(await reconciler.reconcile(), undefined);
  assert.deepEqual(system.steps, [
    "repair with fdc0:c0de:251::1",
    "add 192.168.251.0/24 fdc0:c0de:251::/64",
  ]);
});

Deno.test("a route that somebody else took is a fault until it is free, told once", async () => {
  const { missing, refused, reconciler, lines } = setUp();
  missing.add("192.168.251.0/24");
  refused.add("192.168.251.0/24");
  for (let look = 0; look < 3; look++) assert.equal(await reconciler.reconcile(), undefined, "no tight loop");
  assert.match(reconciler.fault?.message ?? "", /already routed to vpn0/);
  assert.equal(lines.length, 1);
  refused.clear();
  await reconciler.reconcile();
  assert.equal(reconciler.fault, undefined);
});

Deno.test("a route that is taken away again and again is put back with pauses", async () => {
  const { system, missing, reconciler, lines } = setUp();
  for (; system.clock.time < 100_000; system.clock.time += 50) {
    missing.add("192.168.251.0/24");
    await reconciler.reconcile();
  }
  // Four at once, then after 1, 2, 4, 8, 16, 30 and 30 s.
  assert.equal(system.steps.length, 11);
  assert.match(reconciler.fault?.message ?? "", /Cannot keep 192\.168\.251\.0\/24 routed to connector0/);
  assert.equal(lines.length, 1);
});
