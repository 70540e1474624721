import assert from "node:assert/strict";
import { isTagged } from "./rule.ts";
import { desiredRules, type FirewallSpec } from "./desired_rules.ts";
import { address, prefix } from "../../tests/literals.ts";

const first = { name: "br-1", subnets: ["172.18.0.0/16", "fd00:1::/64"].map(prefix) };
const second = { name: "br-2", subnets: [prefix("172.19.0.0/24")] };

/** The rules as commands, without the tag. */
function rules(desired: Partial<FirewallSpec>, family: 4 | 6 = 4): string[] {
  const wanted = desiredRules({
    interfaceName: "connector0",
    chain: "DOCKER-USER",
    sources: [prefix("192.168.251.1/24"), prefix("fdc0:c0de:251::1/64")],
    pairs: [],
    ...desired,
  }, family);
  assert.ok(wanted.every(({ spec }) => isTagged(spec)));
  return wanted.map(({ table, chain, spec }) =>
    `${table} ${chain} ${spec}`.replace(" -m comment --comment docker-connector", "")
  );
}

Deno.test("the tunnel's packets pass both ways and are masqueraded", () => {
  assert.deepEqual(rules({ chain: "MINE" }), [
    "raw PREROUTING -i connector0 -j ACCEPT",
    "filter MINE -i connector0 -j ACCEPT",
    "filter MINE -o connector0 -j ACCEPT",
    "nat POSTROUTING -s 192.168.251.0/24 ! -o connector0 -j MASQUERADE",
  ]);
});

Deno.test("a pair passes both ways, in raw by the subnets of the other's bridge", () => {
  assert.deepEqual(rules({ pairs: [[first, second]] }).filter((rule) => rule.includes("br-")), [
    "raw PREROUTING -d 172.19.0.0/24 -i br-1 -j ACCEPT",
    "raw PREROUTING -d 172.18.0.0/16 -i br-2 -j ACCEPT",
    "filter DOCKER-USER -i br-1 -o br-2 -j ACCEPT",
    "filter DOCKER-USER -i br-2 -o br-1 -j ACCEPT",
  ]);
});

Deno.test("IPv6 has the same rules with its own networks, if there is a virtual one", () => {
  assert.deepEqual(rules({ pairs: [[first, second]] }, 6), [
    "raw PREROUTING -i connector0 -j ACCEPT",
    "raw PREROUTING -d fd00:1::/64 -i br-2 -j ACCEPT",
    "filter DOCKER-USER -i connector0 -j ACCEPT",
    "filter DOCKER-USER -o connector0 -j ACCEPT",
    "filter DOCKER-USER -i br-1 -o br-2 -j ACCEPT",
    "filter DOCKER-USER -i br-2 -o br-1 -j ACCEPT",
    "nat POSTROUTING -s fdc0:c0de:251::/64 ! -o connector0 -j MASQUERADE",
  ]);
  assert.deepEqual(rules({ sources: [prefix("192.168.251.1/24")], pairs: [[first, second]] }, 6), []);
});

Deno.test("no rule is wanted twice", () => {
  const wanted = rules({ pairs: [[first, second], [second, first]] });
  assert.equal(new Set(wanted).size, wanted.length);
});

Deno.test("a desktop on a link passes with its virtual address and its Ethernet address alone, and sees a fixed source", () => {
  const source = address("192.168.251.2");
  const direct = [{ interfaceName: "eth1", source, mac: "02:00:5e:10:00:01" }];
  const wanted = rules({ direct, fixedSource: { desktop: source, source: address("192.168.251.1") } });
  assert.deepEqual(wanted.filter((rule) => !rule.includes("connector0")), [
    "raw PREROUTING -s 192.168.251.2/32 -i eth1 -m mac --mac-source 02:00:5e:10:00:01 -j ACCEPT",
    "filter DOCKER-USER -s 192.168.251.2/32 -i eth1 -m mac --mac-source 02:00:5e:10:00:01 -j ACCEPT",
    "filter DOCKER-USER -d 192.168.251.2/32 -o eth1 -j ACCEPT",
    "nat POSTROUTING -d 192.168.251.2/32 -j SNAT --to-source 192.168.251.1",
  ]);
  assert.deepEqual(rules({ direct }, 6), rules({}, 6));
});
