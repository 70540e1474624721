import { reportOf } from "../error.ts";
import assert from "node:assert/strict";
import type { Config } from "../config/config.ts";
import { parseConfig } from "../config/parse.ts";
import { formatPrefix } from "../net/prefix.ts";
import type { DockerNetwork } from "../docker/engine_json.ts";
import { computeDesiredRoutes, type OtherRoute } from "./desired_routes.ts";
import { prefix } from "../../tests/literals.ts";

function config(text: string): Config {
  const parsed = parseConfig(text, "test.conf");
  assert(parsed.config, JSON.stringify(parsed.faults));
  return parsed.config;
}

function network(name: string, ...subnets: string[]): DockerNetwork {
  return { id: `id-${name}`, name, subnets: subnets.map(prefix) };
}

/** A route that a program made. */
function foreign(text: string, interfaceName?: string): OtherRoute {
  return { prefix: prefix(text), interfaceName };
}

/** A network that an interface is on. */
function own(text: string, interfaceName: string): OtherRoute {
  return { prefix: prefix(text), interfaceName, isOwn: true };
}

/** The decisions as lines: routes with their source and whether something stands against them, then subnets. */
function decide(
  lines: string,
  networks: readonly DockerNetwork[],
  machine: readonly OtherRoute[] = [],
  ipv6 = true,
) {
  const { routes, subnets } = computeDesiredRoutes({
    config: config(lines),
    ipv6,
    networks,
    foreign: machine,
  });
  return {
    routes: routes.map((route) =>
      [formatPrefix(route.prefix), route.source, route.fault ? "fault" : "good"].join(" ")
    ),
    faults: routes.flatMap(({ fault }) => fault === undefined ? [] : reportOf(fault)),
    warnings: routes.flatMap(({ warning }) => warning === undefined ? [] : reportOf(warning)),
    causes: routes.flatMap(({ fault, warning }) => (fault ?? warning)?.cause ?? []),
    subnets: subnets.map(({ network, prefix, use }) => `${network.name} ${formatPrefix(prefix)} ${use}`),
  };
}

Deno.test("while accessors can log in, their network is routed", () => {
  const lines = "addr 10.5.0.1/24\nroute 10.9.0.0/16 expose\n";
  assert.deepEqual(decide(lines, []).routes, ["10.9.0.0/16 config good"]);
  assert.deepEqual(decide(`${lines}expose 0.0.0.0:2512\n`, []).routes, [
    "10.9.0.0/16 config good",
    "10.5.0.0/24 config good",
  ]);
});

Deno.test("discovered networks are routed beside the lines of the configuration", () => {
  const { routes, subnets } = decide("route 10.9.0.0/16", [
    network("bridge", "172.17.0.0/16"),
    network("web", "172.18.0.0/16", "172.19.0.0/24"),
  ]);
  assert.deepEqual(routes, [
    "10.9.0.0/16 config good",
    "172.17.0.0/16 docker good",
    "172.18.0.0/16 docker good",
    "172.19.0.0/24 docker good",
  ]);
  assert.deepEqual(subnets, [
    "bridge 172.17.0.0/16 route",
    "web 172.18.0.0/16 route",
    "web 172.19.0.0/24 route",
  ]);
});

Deno.test("a line of the configuration wins over every subnet that it shares addresses with", () => {
  const networks = [
    network("same", "172.18.0.0/16"),
    network("wider", "10.0.0.0/16"),
    network("in", "10.1.1.0/24"),
  ];
  const lines = "route 172.18.0.0/16\nroute 10.0.7.0/24\nroute 10.1.0.0/16";
  const { routes, subnets } = decide(lines, networks);
  assert.deepEqual(routes, [
    "172.18.0.0/16 config good",
    "10.0.7.0/24 config good",
    "10.1.0.0/16 config good",
  ]);
  assert.deepEqual(subnets.map((line) => line.split(" ").at(-1)), ["config", "config", "config"]);
});

Deno.test("a network that is off is not routed, a line for it still is", () => {
  const networks = [network("web", "172.18.0.0/16"), network("db", "172.19.0.0/16")];
  assert.deepEqual(decide("network web off", networks).routes, ["172.19.0.0/16 docker good"]);
  assert.deepEqual(decide("network web off\nnetwork db off\nroute 172.19.0.0/16", networks), {
    routes: ["172.19.0.0/16 config good"],
    faults: [],
    warnings: [],
    causes: [],
    subnets: ["web 172.18.0.0/16 off", "db 172.19.0.0/16 off"],
  });
});

Deno.test("IPv6 subnets are routed like the others", () => {
  const networks = [
    network("six", "fd00:1::/64"),
    network("clash", "fd00:2::/64"),
    network("own", "fdc0:c0de::/32"),
  ];
  const { routes, faults } = decide("", networks, [own("fd00:2::/48", "en0"), foreign("::/0", "en0")]);
  assert.deepEqual(routes, [
    "fd00:1::/64 docker good",
    "fd00:2::/64 docker fault",
    "fdc0:c0de::/32 docker fault",
  ]);
  assert.match(faults[0] ?? "", /clash, this machine reaches fd00:2::\/48 by en0/);
  assert.match(faults[1] ?? "", /overlaps fdc0:c0de:251::\/64, the virtual network\. .* change addr6$/);
});

Deno.test("IPv6 subnets are told and not routed while IPv6 is off", () => {
  const { routes, subnets } = decide("", [network("six", "172.18.0.0/16", "fd00:1::/64")], [], false);
  assert.deepEqual(routes, ["172.18.0.0/16 docker good"]);
  assert.deepEqual(subnets, ["six 172.18.0.0/16 route", "six fd00:1::/64 ipv6"]);
});

Deno.test("a clash with a network of the machine names it and what to do", () => {
  const networks = [network("web", "172.18.0.0/16")];
  const cannot = "Cannot route 172.18.0.0/16 of Docker network web: clash, this machine reaches";
  const remedy = "Give the Docker network another subnet";
  const or = `, or add the line "route 172.18.0.0/16" to route it nevertheless`;
  assert.deepEqual(decide("", networks, [foreign("172.18.0.0/16", "en0")]).faults, [
    `${cannot} 172.18.0.0/16 by en0. ${remedy}`,
  ]);
  assert.deepEqual(decide("", networks, [foreign("172.18.7.1/24", "en0")]).faults, [
    `${cannot} 172.18.7.0/24 by en0. ${remedy}${or}`,
  ]);
  assert.deepEqual(decide("", networks, [own("172.16.0.0/12", "en0"), foreign("0.0.0.0/0", "en0")]).faults, [
    `${cannot} 172.16.0.0/12 by en0. ${remedy}${or}`,
  ]);
});

Deno.test("a wider route, such as a VPN's, is only told: the subnet wins by its length", () => {
  const networks = [network("web", "172.18.0.0/16"), network("db", "10.5.0.0/16")];
  const vpn = [foreign("172.16.0.0/12", "utun3"), foreign("10.0.0.0/8"), foreign("128.0.0.0/1", "utun3")];
  const { routes, warnings } = decide("", networks, vpn);
  assert.deepEqual(routes, ["172.18.0.0/16 docker good", "10.5.0.0/16 docker good"]);
  const remedy = "If you need those addresses there, give the Docker network another subnet, or write";
  assert.deepEqual(warnings, [
    "Docker network web takes 172.18.0.0/16 out of 172.16.0.0/12, which this machine reaches by utun3. " +
    `${remedy} "network web off"`,
    `Docker network db takes 10.5.0.0/16 out of 10.0.0.0/8, which this machine reaches. ${remedy} "network db off"`,
  ]);
  assert.deepEqual(decide("", networks, [...vpn, foreign("172.18.0.0/16", "utun3")]).routes, [
    "172.18.0.0/16 docker fault",
    "10.5.0.0/16 docker good",
  ]);
});

Deno.test("each obstacle has its cause, and a clash whose network it is", () => {
  const networks = [network("web", "172.18.0.0/16")];
  const causes = (...machine: OtherRoute[]) => decide("", networks, machine).causes;
  assert.deepEqual(causes(own("172.18.0.0/16", "en0")), ["overlap"]);
  assert.deepEqual(causes(foreign("172.18.4.0/24", "utun3")), ["overlap"]);
  assert.deepEqual(causes(foreign("172.18.0.0/16", "utun3")), ["taken"]);
  assert.deepEqual(causes(foreign("172.16.0.0/12", "utun3")), ["hides"]);
  assert.deepEqual(decide("", [network("lo", "127.1.0.0/16")]).causes, ["failed"]);
});

Deno.test("the narrowest of several clashes is told", () => {
  const { faults } = decide("", [network("web", "10.5.0.0/16")], [
    foreign("10.0.0.0/8", "utun3"),
    foreign("10.5.1.0/24", "en0"),
  ]);
  assert.match(faults.join(), /10\.5\.1\.0\/24 by en0/);
});

Deno.test("a default route, also in halves, and networks apart are no clash", () => {
  const machine = [
    foreign("0.0.0.0/0", "en0"),
    foreign("0.0.0.0/1", "utun3"),
    foreign("128.0.0.0/1", "utun3"),
    own("172.19.0.0/16", "en0"),
    own("fd00::/8", "en0"),
  ];
  const { faults, warnings } = decide("", [network("web", "172.18.0.0/16")], machine);
  assert.deepEqual([...faults, ...warnings], []);
});

Deno.test("a line routes a network in spite of a clash", () => {
  const { routes } = decide("route 172.18.0.0/16", [network("web", "172.18.0.0/16")], [
    own("172.16.0.0/12", "en0"),
  ]);
  assert.deepEqual(routes, ["172.18.0.0/16 config good"]);
});

Deno.test("the virtual network, special networks and overwide ones are never routed", () => {
  const { routes, faults } = decide("addr 10.1.2.1/24", [
    network("virtual", "10.1.0.0/16"),
    network("loop", "127.8.0.0/16"),
    network("all", "0.0.0.0/0"),
    network("half", "128.0.0.0/1"),
  ]);
  assert.deepEqual(routes.map((line) => line.split(" ").at(-1)), ["fault", "fault", "fault", "fault"]);
  assert.match(faults[0] ?? "", /overlaps 10\.1\.2\.0\/24, the virtual network\. .* change addr$/);
  assert.match(faults[1] ?? "", /overlaps 127\.0\.0\.0\/8 \(loopback\)/);
  assert.match(faults[2] ?? "", /wider than \/8/);
  assert.match(faults[3] ?? "", /wider than \/8/);
});

Deno.test("two networks with the same subnet are one route", () => {
  const networks = [network("a", "172.18.0.0/16"), network("b", "172.18.0.0/16")];
  assert.deepEqual(decide("", networks).routes, ["172.18.0.0/16 docker good"]);
});

/** A route that a VPN pushed into its tunnel. */
function pushed(text: string, interfaceName: string): OtherRoute {
  return { prefix: prefix(text), interfaceName, isTunnel: true };
}

/** The routes whose halves are wanted, and whom each would suspect. */
function besideVpn(lines: string, networks: readonly DockerNetwork[], machine: readonly OtherRoute[]) {
  const { routes } = computeDesiredRoutes({ config: config(lines), ipv6: true, networks, foreign: machine });
  return routes.map(({ prefix, isHalved = false, suspect, fault }) =>
    `${formatPrefix(prefix)} ${fault?.cause ?? (isHalved ? "halves" : "whole")} ${suspect}`
  );
}

Deno.test("a VPN's route of the very same prefix loses to halves, which is told", () => {
  const networks = [network("web", "172.18.0.0/16"), network("six", "fd00:1::/64")];
  const vpn = [pushed("172.18.0.0/16", "utun7"), pushed("fd00:1::/64", "utun7")];
  assert.deepEqual(besideVpn("", networks, vpn), [
    "172.18.0.0/16 halves utun7",
    "fd00:1::/64 halves utun7",
  ]);
  const { faults, warnings, causes } = decide("", networks, vpn);
  assert.deepEqual([faults, causes], [[], ["hides", "hides"]]);
  assert.equal(
    warnings[0],
    "Docker network web takes 172.18.0.0/16, which this machine reaches by utun7. If you need those addresses there, " +
      'give the Docker network another subnet, or write "network web off"',
  );
  assert.deepEqual(besideVpn("route 172.18.0.0/16", [], vpn), ["172.18.0.0/16 halves utun7"]);
  assert.deepEqual(decide("route 172.18.0.0/16", [], vpn).warnings, [], "a line is on purpose");
});

Deno.test("the network of a VPN's own address, a single address and a LAN's network are not taken by halves", () => {
  const networks = [network("web", "172.18.0.0/16")];
  const vpnsOwn: OtherRoute = { ...pushed("172.18.0.0/16", "wg0"), isOwn: true };
  assert.deepEqual(besideVpn("", networks, [vpnsOwn]), ["172.18.0.0/16 overlap undefined"]);
  assert.deepEqual(besideVpn("", networks, [own("172.18.0.0/16", "en0")]), [
    "172.18.0.0/16 overlap undefined",
  ]);
  assert.deepEqual(besideVpn("", networks, [foreign("172.18.0.0/16", "en0")]), [
    "172.18.0.0/16 taken undefined",
  ]);
  const single = [network("one", "10.9.9.9/32")];
  assert.deepEqual(besideVpn("", single, [pushed("10.9.9.9/32", "utun7")]), ["10.9.9.9/32 taken utun7"]);
  // A VPN's route beside the LAN's own network does not make that less the user's LAN.
  const both = [own("172.18.0.0/16", "en0"), pushed("172.18.0.0/16", "utun7")];
  assert.deepEqual(besideVpn("", networks, both), ["172.18.0.0/16 overlap utun7"]);
  assert.deepEqual(besideVpn("route 172.18.0.0/16", [], both), ["172.18.0.0/16 whole utun7"]);
});

Deno.test("a VPN's route to a part of a network leaves the rest to the containers, which is told", () => {
  const networks = [network("web", "172.18.0.0/16")];
  const vpn = [pushed("172.16.0.0/12", "utun7"), pushed("172.18.0.53/32", "utun7")];
  const { routes, warnings, causes } = decide("", networks, vpn);
  assert.deepEqual([routes, causes], [["172.18.0.0/16 docker good"], ["partial"]]);
  assert.equal(
    warnings[0],
    "Docker network web has 172.18.0.0/16 without 172.18.0.53/32, which this machine reaches by utun7. " +
      "If containers have addresses there, give the Docker network another subnet",
  );
  const vpnsOwn: OtherRoute = { ...pushed("172.18.9.7/32", "wg0"), isOwn: true };
  assert.deepEqual(decide("", networks, [vpnsOwn]).causes, ["partial"]);
  // A LAN's narrower network has neighbours.
  assert.deepEqual(decide("", networks, [own("172.18.9.0/24", "en0")]).causes, ["overlap"]);
  assert.deepEqual(decide("", networks, [foreign("172.18.9.0/24", "en0")]).causes, ["overlap"]);
});

Deno.test("suspected of taking a route away is the tunnel with the narrowest route around it, else any", () => {
  const networks = [network("web", "172.18.0.0/16"), network("db", "10.5.0.0/16")];
  const vpn = [pushed("0.0.0.0/1", "utun5"), pushed("172.16.0.0/12", "utun7"), foreign("10.0.0.0/8", "en0")];
  assert.deepEqual(besideVpn("", networks, vpn), ["172.18.0.0/16 whole utun7", "10.5.0.0/16 whole utun5"]);
  assert.deepEqual(
    besideVpn("", networks, [pushed("192.168.0.0/16", "utun5")])[0],
    "172.18.0.0/16 whole utun5",
  );
  assert.deepEqual(
    besideVpn("", networks, [own("192.168.1.0/24", "en0")])[0],
    "172.18.0.0/16 whole undefined",
  );
});
