import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import type { Router } from "../../system/routing/router.ts";
import { Ipv6Tunnel } from "./ipv6_tunnel.ts";
import { address, prefix } from "../../tests/literals.ts";

/** What the system has, as the router's calls leave it. IPv6 may pass only while address and route are there. */
function openTunnel(mtu = 1400, fault?: Error) {
  const system = {
    address: "none",
    routes: new Set<string>(),
    carries: false,
    /** How often an IPv6 address was given. */
    configured: 0,
  };
  const change = (make: () => void) => {
    assert.equal(system.carries, false, "packets pass while the interface changes");
    make();
    return Promise.resolve();
  };
  const router: Pick<Router, "configureInterface" | "addRoute" | "removeRoute"> = {
    configureInterface({ address6, peer6 }) {
      if (fault !== undefined && address6 !== undefined) return Promise.reject(fault);
      return change(() => {
        system.address = address6 && peer6 ? `${formatAddress(address6)} to ${formatAddress(peer6)}` : "none";
        if (address6) system.configured++;
      });
    },
    addRoute: (route) => change(() => system.routes.add(formatPrefix(route))),
    removeRoute: (route) =>
      change(() => assert.ok(system.routes.delete(formatPrefix(route)), "there was no such route")),
  };
  const tunnel = new Ipv6Tunnel({
    router: router as Router,
    base: { name: "connector0", mtu, address: address("192.168.251.1"), peer: address("192.168.251.2") },
    carryIpv6(isOn) {
      if (isOn) {
        assert.ok(system.address !== "none" && system.routes.size === 1, "there is nothing to carry on");
      }
      system.carries = isOn;
    },
  });
  const hasNothing = () => {
    assert.deepEqual([system.address, [...system.routes], system.carries], ["none", [], false]);
    assert.equal(tunnel.addr6, undefined);
  };
  return { tunnel, system, hasNothing };
}

const FIRST = prefix("fdc0:c0de:251::1/64");
const SECOND = prefix("fd01::1/64");

Deno.test("a network that the server names is applied once", async () => {
  const { tunnel, system } = openTunnel();
  tunnel.follow(FIRST);
  await tunnel.follow(FIRST);
  assert.deepEqual(system, {
    address: "fdc0:c0de:251::1 to fdc0:c0de:251::2",
    routes: new Set(["fdc0:c0de:251::/64"]),
    carries: true,
    configured: 1,
  });
  assert.equal(tunnel.addr6, FIRST);
});

Deno.test("another network takes the place of the first, and none ends both", async () => {
  const { tunnel, system, hasNothing } = openTunnel();
  tunnel.follow(FIRST);
  await tunnel.follow(SECOND);
  assert.deepEqual(system, {
    address: "fd01::1 to fd01::2",
    routes: new Set(["fd01::/64"]),
    carries: true,
    configured: 2,
  });
  await tunnel.follow(undefined);
  hasNothing();
});

Deno.test("with an MTU below 1280, or a system without IPv6, it stays off", async () => {
  for (
    const [mtu, fault] of [[1279, undefined], [1400, new OperationError("unavailable", "no IPv6")]] as const
  ) {
    const { tunnel, hasNothing } = openTunnel(mtu, fault);
    await tunnel.follow(FIRST);
    hasNothing();
  }
});

Deno.test("a fault of any kind leaves IPv6 off, and later works are done", async () => {
  const { tunnel, hasNothing } = openTunnel(1400, new TypeError("no such thing"));
  await tunnel.follow(FIRST);
  hasNothing();
  assert.equal(await tunnel.whileSettled(() => Promise.resolve("done")), "done");
  await tunnel.follow(undefined);
  hasNothing();
});
