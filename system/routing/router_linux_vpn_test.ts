/** Routes of the tunnel beside rules and routes of a VPN. */
import assert from "node:assert/strict";
import { formatPrefix } from "../../core/net/prefix.ts";
import { asRootOnLinux } from "../../ffi/netlink/private_network_fixture.ts";
import { prefix } from "../../tests/literals.ts";
import { LinuxRouter } from "./router_linux.ts";
import { tunnelNetwork } from "./router_linux_fixture.ts";

/** The diverted prefixes, each with the interface and the priority of a rule that would come before. */
async function diverted(router: LinuxRouter, ...prefixes: string[]): Promise<string[]> {
  const found = await router.findDiverted(prefixes.map(prefix), "t0");
  return found.map(({ prefix, owner, free }) => `${formatPrefix(prefix)} ${owner} ${free}`);
}

Deno.test(
  "packets that a rule sends to a VPN's table are told, with a rule that comes before (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    const both = ["172.17.0.0/16", "fd00:1::/64"];
    await router.addRoutes(both.map(prefix), "t0");
    network.ip("address add 10.8.0.2/32 dev lan0");
    network.ip("address add fd00:8::2/128 dev lan0 nodad");
    assert.deepEqual(await diverted(router, ...both), []);
    // As Tailscale does with an exit node.
    network.ip("route add default dev lan0 table 52");
    network.ip("rule add priority 5270 table 52");
    assert.deepEqual(await diverted(router, ...both), ["172.17.0.0/16 lan0 5269"]);
    network.ip("-6 route add default dev lan0 table 52");
    network.ip("-6 rule add priority 5270 table 52");
    assert.deepEqual(await diverted(router, ...both), ["172.17.0.0/16 lan0 5269", "fd00:1::/64 lan0 5269"]);
    network.ip("rule add to 172.17.0.0/16 lookup main priority 5269");
    assert.deepEqual(await diverted(router, ...both), ["fd00:1::/64 lan0 5269"]);
    network.ip("rule del priority 5269");
    network.ip("route replace unreachable default table 52");
    assert.deepEqual((await diverted(router, "172.17.0.0/16"))[0], "172.17.0.0/16 undefined 5269");
  },
);

Deno.test(
  "a VPN's rule that leaves routes of the main table alone diverts nothing (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    await router.addRoutes([prefix("172.17.0.0/16")], "t0");
    // As wg-quick does: what is narrower than the default route stays.
    network.ip("route add default dev lan0 table 51820");
    network.ip("rule add not fwmark 51820 table 51820");
    network.ip("rule add table main suppress_prefixlength 0");
    assert.equal(network.list("route get 8.8.8.8")[0]?.dev, "lan0");
    assert.deepEqual(await diverted(router, "172.17.0.0/16"), []);
    // A narrower route of the main table leads elsewhere by length, not by a rule.
    network.ip("route add 172.17.0.0/24 dev lan0");
    assert.deepEqual(await diverted(router, "172.17.0.0/16"), []);
  },
);

Deno.test(
  "halves lead to the tunnel beside a VPN's route of the whole (needs root on Linux)",
  asRootOnLinux,
  async () => {
    const router = new LinuxRouter();
    using network = await tunnelNetwork(router);
    network.ip("route add 172.18.0.0/16 dev lan0");
    assert.deepEqual(await router.addRoutes(["172.18.0.0/17", "172.18.128.0/17"].map(prefix), "t0"), []);
    assert.equal(network.list("route get 172.18.0.2")[0]?.dev, "t0");
    assert.equal(network.list("route get 172.18.200.2")[0]?.dev, "t0");
    await router.removeRoutes(["172.18.0.0/17", "172.18.128.0/17"].map(prefix), "t0");
    assert.equal(network.list("route get 172.18.0.2")[0]?.dev, "lan0");
  },
);
