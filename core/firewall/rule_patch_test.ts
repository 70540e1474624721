import assert from "node:assert/strict";
import { type FirewallRule, RuleSnapshot } from "./rule.ts";
import { diffRules } from "./rule_patch.ts";

const TAG = "-m comment --comment docker-connector";
const accept = `-i connector0 ${TAG} -j ACCEPT`;
const pair = `-d 172.18.0.0/16 -i br-1 ${TAG} -j ACCEPT`;
const drop = "-d 172.17.0.2/32 ! -i docker0 -j DROP";

const raw = (...specs: string[]): FirewallRule[] =>
  specs.map((spec) => ({ table: "raw", chain: "PREROUTING", spec }));
const user = (...specs: string[]): FirewallRule[] =>
  specs.map((spec) => ({ table: "filter", chain: "DOCKER-USER", spec }));

/** The rules as iptables-save prints them. */
function saved(...rules: FirewallRule[]): RuleSnapshot {
  const tables = Map.groupBy(rules, ({ table }) => table);
  return new RuleSnapshot(
    [...tables].map(([table, of]) =>
      [`*${table}`, ...of.map(({ chain, spec }) => `-A ${chain} ${spec}`), "COMMIT"].join("\n")
    ).join("\n"),
  );
}

Deno.test("what is in place is left alone", () => {
  const repair = diffRules(saved(...raw(accept, pair, drop)), raw(accept, pair));
  assert.deepEqual(repair, { inserted: 0, deleted: 0, script: "" });
  assert.equal(diffRules(saved(...raw(pair, accept, drop)), raw(accept, pair)).script, "");
  assert.equal(
    diffRules(saved(...raw(accept.replace("docker-connector", '"docker-connector"'))), raw(accept)).script,
    "",
  );
});

Deno.test("what is missing goes to the top, in its order", () => {
  const { script } = diffRules(saved(...raw(drop)), [...raw(accept, pair), ...user(accept)]);
  assert.equal(
    script,
    `*raw\n-I PREROUTING 1 ${pair}\n-I PREROUTING 1 ${accept}\nCOMMIT\n` +
      `*filter\n-I DOCKER-USER 1 ${accept}\nCOMMIT\n`,
  );
});

Deno.test("an accept below a drop of the raw table is moved, one below another accept is not", () => {
  assert.equal(
    diffRules(saved(...raw(drop, accept)), raw(accept)).script,
    `*raw\n-D PREROUTING ${accept}\n-I PREROUTING 1 ${accept}\nCOMMIT\n`,
  );
  assert.equal(diffRules(saved(...raw("-i other0 -j ACCEPT", "-j THEIRS", accept)), raw(accept)).script, "");
});

Deno.test("a fixed source goes above the masquerade of a new network, our own masquerade stays where it is", () => {
  const nat = (...specs: string[]): FirewallRule[] =>
    specs.map((spec) => ({ table: "nat", chain: "POSTROUTING", spec }));
  const fixed = `-d 192.168.251.2/32 ${TAG} -j SNAT --to-source 192.168.251.1`;
  const own = `-s 192.168.251.0/24 ! -o connector0 ${TAG} -j MASQUERADE`;
  const theirs = "-s 10.99.0.0/24 ! -o br-1 -j MASQUERADE";
  assert.equal(
    diffRules(saved(...nat(theirs, fixed, own)), nat(fixed, own)).script,
    `*nat\n-D POSTROUTING ${fixed}\n-I POSTROUTING 1 ${fixed}\nCOMMIT\n`,
  );
  assert.equal(diffRules(saved(...nat(fixed, own, theirs)), nat(fixed, own)).script, "");
  assert.equal(diffRules(saved(...nat(theirs, own)), nat(own)).script, "");
});

Deno.test("in the user's chain a return of everything comes after the accepts, a drop may come first", () => {
  assert.notEqual(diffRules(saved(...user("-j RETURN", accept)), user(accept)).script, "");
  assert.equal(diffRules(saved(...user("-i eth0 -j RETURN", drop, accept)), user(accept)).script, "");
});

Deno.test("stale and repeated rules go, in any chain; rules of others stay, whatever their comment", () => {
  const foreign = [
    "-m comment --comment docker-connector-not-ours -j ACCEPT",
    '-m comment --comment "docker-connector was here" -j ACCEPT',
    "-i connector0 -j ACCEPT",
  ];
  const stale: FirewallRule = { table: "filter", chain: "FORWARD", spec: accept };
  const { script, deleted, inserted } = diffRules(
    saved(...raw(accept, accept, ...foreign), stale, ...user(pair)),
    raw(accept),
  );
  assert.equal(
    script,
    `*raw\n-D PREROUTING ${accept}\nCOMMIT\n*filter\n-D FORWARD ${accept}\n-D DOCKER-USER ${pair}\nCOMMIT\n`,
  );
  assert.deepEqual([deleted, inserted], [3, 0]);
});
