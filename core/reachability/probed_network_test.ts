import assert from "node:assert/strict";
import { formatAddress, type IpAddress, parseAddress } from "../net/address.ts";
import { parsePrefix, type Prefix } from "../net/prefix.ts";
import { probedNetworks, type RunningContainer } from "./probed_network.ts";
import { routedSubnets } from "./routed_subnets.ts";

const prefix = (text: string): Prefix => parsePrefix(text) ?? assert.fail(text);
const address = (text: string): IpAddress => parseAddress(text) ?? assert.fail(text);
const network = (id: string) => ({ id, name: `name of ${id}`, subnets: [] });

function container(
  id: string,
  networks: RunningContainer["networks"],
  more: Partial<RunningContainer> = {},
): RunningContainer {
  return { id, state: "running", networks, ports: [], ...more };
}

function shown(networks: ReturnType<typeof probedNetworks>): string[] {
  return networks.map(({ key, candidates }) =>
    `${key}: ${
      candidates.map((one) => `${one.container} ${formatAddress(one.address)} ${one.port ?? "-"}`).join(", ")
    }`
  );
}

Deno.test("each network and IP version with a routed subnet has the containers in it", () => {
  const subnets = [
    { network: network("n"), prefix: prefix("172.20.0.0/16") },
    { network: network("n"), prefix: prefix("fd00:1::/64") },
    { network: network("empty"), prefix: prefix("172.21.0.0/16") },
  ];
  const containers = [
    container("paused", [{ id: "n", address4: address("172.20.0.2") }], { state: "paused" }),
    container("web", [{ id: "n", address4: address("172.20.0.3"), address6: address("fd00:1::3") }], {
      ports: [{ port: 53, protocol: "udp" }, { port: 80, protocol: "tcp" }, { port: 443, protocol: "tcp" }],
    }),
    container("other", [{ id: "m", address4: address("172.20.0.4") }]),
    container("outside", [{ id: "n", address4: address("10.0.0.1") }]),
    container("host", [{ id: "n" }]),
  ];
  assert.deepEqual(shown(probedNetworks(subnets, containers)), [
    "n/4: web 172.20.0.3 80, paused 172.20.0.2 -",
    "n/6: web fd00:1::3 80",
  ]);
});

Deno.test("subnets that no active route leads to the client are left out", () => {
  const decisions = [
    { network: network("a"), prefix: prefix("172.20.0.0/16"), use: "route" },
    { network: network("b"), prefix: prefix("172.21.0.0/16"), use: "config" },
    { network: network("c"), prefix: prefix("172.22.0.0/16"), use: "off" },
    { network: network("d"), prefix: prefix("172.23.0.0/16"), use: "route" },
    { network: network("e"), prefix: prefix("fd00::/64"), use: "ipv6" },
    { network: network("f"), prefix: prefix("10.0.0.0/8"), use: "config" },
  ] as const;
  const active = [prefix("172.20.0.0/15"), prefix("172.22.0.0/16"), prefix("10.1.0.0/16")];
  assert.deepEqual(routedSubnets(decisions, active).map((each) => each.network.id), ["a", "b"]);
});
