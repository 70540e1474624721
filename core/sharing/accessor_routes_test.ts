import assert from "node:assert/strict";
import { address, prefix } from "../../tests/literals.ts";
import { reportOf } from "../error.ts";
import { formatPrefix } from "../net/prefix.ts";
import { type AccessorRouteInputs, decideAccessorRoutes, idleExclusions } from "./accessor_routes.ts";

const prefixes = (...texts: string[]) => texts.map(prefix);

function decide(exposed: string[], needs: Partial<AccessorRouteInputs> = {}): string[] {
  const all = { excluded: [], foreign: [], server: undefined, ...needs, exposed: prefixes(...exposed) };
  return decideAccessorRoutes(all).map(({ prefix, isExcluded, fault }) =>
    `${formatPrefix(prefix)} ${isExcluded ? "excluded" : fault === undefined ? "routed" : reportOf(fault)}`
  );
}

const home = { prefix: prefix("192.168.1.0/24"), interfaceName: "en0" };

Deno.test("what nothing stands against is routed, once", () => {
  assert.deepEqual(decide(["172.20.0.0/16", "10.0.0.0/8", "172.20.0.0/16"]), [
    "172.20.0.0/16 routed",
    "10.0.0.0/8 routed",
  ]);
});

Deno.test("an excluded prefix is left out, and every one inside it, but none around it", () => {
  const excluded = prefixes("172.20.0.0/16");
  assert.deepEqual(
    decide(["172.20.0.0/16", "172.20.5.0/24", "172.20.0.0/15", "172.21.0.0/16"], { excluded }),
    [
      "172.20.0.0/16 excluded",
      "172.20.5.0/24 excluded",
      "172.20.0.0/15 routed",
      "172.21.0.0/16 routed",
    ],
  );
});

Deno.test("an exclusion of a part has no effect, which is told", () => {
  const exposed = prefixes("172.20.0.0/16", "10.1.0.0/16");
  const idle = idleExclusions(
    exposed,
    prefixes("172.20.5.0/24", "172.20.0.0/16", "10.0.0.0/8", "192.0.2.0/24"),
  );
  assert.deepEqual(idle.map(formatPrefix), ["172.20.5.0/24"]);
});

Deno.test("a clash with a network of the machine is named with its interface", () => {
  const [exact = "", wider = "", apart = ""] = decide(
    ["192.168.1.0/24", "192.168.0.0/16", "192.168.2.0/24"],
    {
      foreign: [home],
    },
  );
  assert.match(exact, /^192\.168\.1\.0\/24 .*clash, this machine reaches 192\.168\.1\.0\/24 by en0/);
  assert.match(wider, /^192\.168\.0\.0\/16 .*clash, this machine reaches 192\.168\.1\.0\/24 by en0/);
  assert.equal(apart, "192.168.2.0/24 routed");
});

Deno.test("default routes in pieces are no clash", () => {
  const foreign = prefixes("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1").map((prefix) => ({
    prefix,
    interfaceName: "vpn0",
  }));
  assert.deepEqual(decide(["172.20.0.0/16"], { foreign }), ["172.20.0.0/16 routed"]);
});

Deno.test("the network that the server is reached in stays outside of the tunnel", () => {
  const server = address("203.0.113.7");
  const [around = "", beside = ""] = decide(["203.0.113.0/24", "203.0.112.0/24"], { server });
  assert.match(around, /the server itself is in it/);
  assert.match(beside, /routed$/);
});

Deno.test("what would take other traffic away is refused", () => {
  assert.match(decide(["128.0.0.0/1"])[0] ?? "", /wider than \/8/);
  assert.match(decide(["127.0.0.0/8"])[0] ?? "", /never leaves this host/);
  assert.match(decide(["fd00::/64"])[0] ?? "", /IPv4 only/);
});

Deno.test("a network of the Internet is routed when the server exposes it", () => {
  assert.deepEqual(decide(["203.0.113.0/24", "8.0.0.0/8"]), ["203.0.113.0/24 routed", "8.0.0.0/8 routed"]);
});
