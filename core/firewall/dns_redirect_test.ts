import assert from "node:assert/strict";
import { endpoint } from "../../tests/literals.ts";
import { redirectRules } from "./dns_redirect.ts";

const redirect = {
  domains: [".test"],
  servers: ["192.168.251.1:53", "[fdc0:c0de:251::1]:5353"].map(endpoint),
};
const MATCH = '-p udp -m udp --dport 53 -m string --hex-string "|047465737400|" --algo bm --icase ' +
  "-m comment --comment docker-connector -j DNAT --to-destination";

/** The rules as commands. */
const rules = (family: 4 | 6, of = redirect) =>
  redirectRules(of, "connector0", family).map(({ table, chain, spec }) => `${table} ${chain} ${spec}`);

Deno.test("queries of containers and of the machine are redirected, those of the name server itself are not", () => {
  assert.deepEqual(rules(4), [
    `nat PREROUTING ! -i connector0 ${MATCH} 192.168.251.1`,
    `nat OUTPUT ! -s 192.168.251.1/32 ${MATCH} 192.168.251.1`,
  ]);
});

Deno.test("another port than 53 is named", () => {
  assert.deepEqual(rules(6), [
    `nat PREROUTING ! -i connector0 ${MATCH} [fdc0:c0de:251::1]:5353`,
    `nat OUTPUT ! -s fdc0:c0de:251::1/128 ${MATCH} [fdc0:c0de:251::1]:5353`,
  ]);
});

Deno.test("a family without a name server has no rule, and no domain has two", () => {
  assert.deepEqual(rules(6, { ...redirect, servers: [endpoint("192.168.251.1:53")] }), []);
  assert.equal(rules(4, { ...redirect, domains: [".test", ".test"] }).length, 2);
});
