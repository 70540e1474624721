import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { formatAddress } from "../core/net/address.ts";
import { formatPrefix } from "../core/net/prefix.ts";
import type { Router } from "../system/router.ts";
import { Ipv6Tunnel } from "./ipv6_tunnel.ts";
import { address, prefix } from "../tests/literals.ts";

/** A tunnel whose every step is written down. */
function openTunnel(mtu = 1400, fault?: Error) {
  const steps: string[] = [];
  const router: Pick<Router, "configureInterface" | "addRoute" | "removeRoute"> = {
    configureInterface({ address6, peer6 }) {
      if (fault !== undefined && address6 !== undefined) return Promise.reject(fault);
      const pair = address6 && peer6 ? `${formatAddress(address6)} to ${formatAddress(peer6)}` : "IPv4 only";
      steps.push(`configure ${pair}`);
      return Promise.resolve();
    },
    addRoute: (route) => Promise.resolve(void steps.push(`add ${formatPrefix(route)}`)),
    removeRoute: (route) => Promise.resolve(void steps.push(`remove ${formatPrefix(route)}`)),
  };
  const tunnel = new Ipv6Tunnel({
    router: router as Router,
    base: { name: "connector0", mtu, address: address("192.168.251.1"), peer: address("192.168.251.2") },
    carryIpv6: (isOn) => void steps.push(isOn ? "carry" : "drop"),
  });
  return { tunnel, steps };
}

const FIRST = prefix("fdc0:c0de:251::1/64");
const SECOND = prefix("fd01::1/64");

Deno.test("a network that the server names is put in force once", async () => {
  const { tunnel, steps } = openTunnel();
  tunnel.follow(FIRST);
  await tunnel.follow(FIRST);
  const expected = [
    "drop",
    "configure fdc0:c0de:251::1 to fdc0:c0de:251::2",
    "add fdc0:c0de:251::/64",
    "carry",
  ];
  assert.deepEqual(steps, expected);
  assert.equal(tunnel.addr6, FIRST);
});

Deno.test("another network takes the place of the first, and none ends both", async () => {
  const { tunnel, steps } = openTunnel();
  tunnel.follow(FIRST);
  tunnel.follow(SECOND);
  await tunnel.follow(undefined);
  assert.deepEqual(steps.slice(4), [
    "drop",
    "remove fdc0:c0de:251::/64",
    "configure fd01::1 to fd01::2",
    "add fd01::/64",
    "carry",
    "drop",
    "remove fd01::/64",
    "configure IPv4 only",
  ]);
  assert.equal(tunnel.addr6, undefined);
});

Deno.test("with an MTU below 1280, or a system without IPv6, it stays off", async () => {
  for (
    const [mtu, fault] of [[1279, undefined], [1400, new OperationError("unavailable", "no IPv6")]] as const
  ) {
    const { tunnel, steps } = openTunnel(mtu, fault);
    await tunnel.follow(FIRST);
    assert.deepEqual(steps, ["drop"]);
    assert.equal(tunnel.addr6, undefined);
  }
});

Deno.test("a fault of any kind leaves IPv6 off, and later works are done", async () => {
  const { tunnel, steps } = openTunnel(1400, new TypeError("no such thing"));
  await tunnel.follow(FIRST);
  assert.equal(tunnel.addr6, undefined);
  assert.equal(await tunnel.whileSettled(() => Promise.resolve("done")), "done");
  await tunnel.follow(undefined);
  assert.deepEqual(steps, ["drop", "drop", "configure IPv4 only"]);
});
