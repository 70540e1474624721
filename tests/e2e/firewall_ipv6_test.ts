import assert from "node:assert/strict";
import { parsePrefix } from "../../core/net/prefix.ts";
import type { FirewallWish } from "../../core/firewall/wanted_rules.ts";
import { LinuxFirewall } from "../../system/firewall_linux.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const prefixes = (...texts: string[]) => texts.map(parsePrefix).filter((prefix) => prefix !== undefined);

const WISH: FirewallWish = {
  interfaceName: "connector0",
  chain: "DOCKER-USER",
  sources: prefixes("192.168.251.1/24", "fdc0:c0de:251::1/64"),
  pairs: [[
    { name: "br0", subnets: prefixes("172.20.0.0/16", "fd00:20::/64") },
    { name: "br1", subnets: prefixes("fd00:21::/64") },
  ]],
};

for (const backend of ["nft", "legacy"] as const) {
  networkTest(`IPv6 rules are kept as IPv4 rules are, iptables-${backend}`, {}, async ({ vm }) => {
    for (const family of ["", "6"]) await vm.exec([`ip${family}tables-${backend}`, "-N", "DOCKER-USER"]);
    const save = async () =>
      (await vm.exec([`ip6tables-${backend}-save`])).split("\n").filter((line) => line.startsWith("-A"));
    using firewall = new LinuxFirewall({
      generation: () => 1,
      hasTable: () => false,
      legacyTables: () => backend === "legacy" ? "filter" : "",
      [Symbol.dispose]: () => {},
    }, (argv, options) => runInside(vm.name, argv, options?.input));

    const first = await firewall.ensure(WISH);
    assert.equal(first.fault, undefined);
    assert.deepEqual(first.backends, [`iptables-${backend}`]);
    const rules = await save();
    assert.equal(rules.length, 8, rules.join("\n"));
    assert.ok(
      rules.some((rule) => rule.startsWith("-A PREROUTING -d fd00:21::/64 -i br0 ")),
      rules.join("\n"),
    );
    const second = await firewall.ensure(WISH);
    assert.deepEqual([second.rules, second.inserted, second.deleted], [first.rules, 0, 0]);

    await firewall.clear(WISH);
    assert.deepEqual(await save(), []);
  });
}

/** Runs a program in the namespace; the product runs it in its own. */
async function runInside(namespace: string, argv: readonly string[], input = "") {
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespace, ...argv],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
