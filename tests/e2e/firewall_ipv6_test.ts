import assert from "node:assert/strict";
import { reachable } from "../topology/ping.ts";
import { defaultConfig, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

const SUBNET = "fd00:172:20::/64";
const GATEWAY = "fd00:172:20::1";
const CONTAINER = "fd00:172:20::2";

/** What dockerd has made once it has a network with IPv6, cut down to what drops. */
const DOCKER_RULES = `*raw
-A PREROUTING -d ${CONTAINER}/128 ! -i br0 -j DROP
COMMIT
*filter
:FORWARD DROP
:DOCKER -
:DOCKER-USER -
-A FORWARD -j DOCKER-USER
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br0 -j DOCKER
-A FORWARD -i br0 -j ACCEPT
-A DOCKER ! -i br0 -o br0 -j DROP
COMMIT
`;

for (const backend of ["nft", "legacy"] as const) {
  networkTest(
    `containers are reached by IPv6 through Docker's firewall, ip6tables-${backend}`,
    {},
    async (network) => {
      const { mac, vm, folder } = network;
      const { namespace } = network.container();
      await vm.sysctl("net/ipv6/conf/all/forwarding", "1");
      await vm.ip("addr", "add", `${GATEWAY}/64`, "dev", "br0", "nodad");
      // No default route, as in an internal network.
      await namespace.ip("addr", "add", `${CONTAINER}/64`, "dev", "eth0", "nodad");
      await Deno.writeTextFile(`${folder}/docker.rules`, DOCKER_RULES);
      await vm.exec([`ip6tables-${backend}-restore`, `${folder}/docker.rules`]);
      const save = async () =>
        (await vm.exec([`ip6tables-${backend}-save`])).split("\n").filter((line) => line.startsWith("-A"))
          .sort();
      const before = await save();

      const config = `${defaultConfig(network)}route ${SUBNET}\n`;
      await using tunnel = await Tunnel.start(network, { config });
      await withTranscript(tunnel, async () => {
        await waitUntil("the container answers", () => reachable(mac, CONTAINER, 1), 5_000);
        await vm.exec([`ip6tables-${backend}`, "-t", "raw", "-F"]);
        await vm.exec([`ip6tables-${backend}`, "-t", "raw", "-A", ...dropRule]);
        await waitUntil("the accept is back", async () => {
          return (await save()).some((rule) => rule.startsWith("-A PREROUTING -i connector0 "));
        }, 5_000);
        assert.ok(await reachable(mac, CONTAINER));
        const { firewall } = await tunnel.client.waitForStatus(
          "the rules are told",
          (status) => status.firewall.rules === 4,
        );
        assert.equal(firewall.backend, `iptables-${backend}`);
        assert.equal((await tunnel.client.stop()).code, 0);
        assert.deepEqual(await save(), before);
      });
    },
  );
}

const dropRule = ["PREROUTING", "-d", CONTAINER, "!", "-i", "br0", "-j", "DROP"];
