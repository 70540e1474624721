import assert from "node:assert/strict";
import { formatAddress, parseAddress } from "../net/address.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { formatPrefix, parsePrefix } from "../net/prefix.ts";
import { type Config, DEFAULT_CONFIG, type Overrides } from "./config.ts";
import { formatDiagnostic } from "./diagnostic.ts";
import { parseConfig } from "./parse.ts";

function parsed(text: string, overrides?: Overrides): Config {
  const { config, faults } = parseConfig(text, "c.conf", overrides);
  assert.deepEqual(faults.map(formatDiagnostic), []);
  assert(config !== undefined);
  return config;
}

Deno.test("an empty file is the defaults", () => {
  assert.deepEqual(parsed(""), DEFAULT_CONFIG);
  assert.deepEqual(parsed("\n# nothing\n \t \r\n"), DEFAULT_CONFIG);
  assert.equal(formatPrefix(DEFAULT_CONFIG.addr), "192.168.251.1/24");
  assert.equal(formatAddress(DEFAULT_CONFIG.host), "127.0.0.1");
});

Deno.test("every key is read", () => {
  const config = parsed(`
    addr 10.9.8.1/28
    addr6 fd00:9::1/112
    host 0.0.0.0
    port 2600
    mtu 9000
    docker unix:///run/user/501/docker.sock
    key s3cret#with,signs
    route 172.18.0.0/16
    route 172.20.0.0/14 expose
    route fd12::/64
    network build_default off
    network bridge off
    iptables 172.18.0.0+172.20.0.0
    iptables 172.19.0.0-172.21.0.0
    expose 0.0.0.0:2512 legacy
    token alice 10.9.8.3
    token bob/\u00e9 10.9.8.14
    loglevel DEBUG
    pong on
    hosts /etc/hosts .test Shop.Local
    proxy 3306
    proxy db.lan:5432:15432
    proxy [::1]:80:8080
    proxy 127.0.0.1:6379
    proxy 9000:9001
    dns Docker.
    web [::1]:2580
  `);
  assert.equal(formatPrefix(config.addr), "10.9.8.1/28");
  assert.equal(config.addr6 && formatPrefix(config.addr6), "fd00:9::1/112");
  assert.equal(formatAddress(config.host), "0.0.0.0");
  assert.equal(config.port, 2600);
  assert.equal(config.mtu, 9000);
  assert.deepEqual(config.docker, { mode: "socket", path: "/run/user/501/docker.sock" });
  assert.equal(config.key, "s3cret#with,signs");
  assert.deepEqual(config.routes.map(({ prefix, expose }) => [formatPrefix(prefix), expose]), [
    ["172.18.0.0/16", false],
    ["172.20.0.0/14", true],
    ["fd12::/64", false],
  ]);
  assert.deepEqual(config.networksOff, ["build_default", "bridge"]);
  assert.deepEqual(
    config.bridgePairs.map(({ a, b, connect }) => [formatAddress(a), formatAddress(b), connect]),
    [
      ["172.18.0.0", "172.20.0.0", true],
      ["172.19.0.0", "172.21.0.0", false],
    ],
  );
  assert.equal(config.expose && formatEndpoint(config.expose.endpoint), "0.0.0.0:2512");
  assert.equal(config.expose?.legacy, true);
  assert.deepEqual(config.tokens.map(({ name, address }) => [name, formatAddress(address)]), [
    ["alice", "10.9.8.3"],
    ["bob/\u00e9", "10.9.8.14"],
  ]);
  assert.equal(config.logLevel, "debug");
  assert.equal(config.pong, true);
  assert.deepEqual(config.hosts, [{ file: "/etc/hosts", domains: [".test", "shop.local"] }]);
  assert.deepEqual(config.proxies.map(({ host, port, listenPort }) => [host, port, listenPort]), [
    ["127.0.0.1", 3306, 3306],
    ["db.lan", 5432, 15432],
    ["::1", 80, 8080],
    ["127.0.0.1", 6379, 6379],
    ["127.0.0.1", 9000, 9001],
  ]);
  assert.equal(config.dns, "docker");
  assert.equal(config.web && formatEndpoint(config.web), "[::1]:2580");
});

Deno.test("off switches off", () => {
  const config = parsed("addr6 off\ndocker off\nexpose off\npong false\ndns off\nweb off");
  assert.deepEqual(
    [config.addr6, config.docker.mode, config.expose, config.pong, config.dns, config.web],
    [undefined, "off", undefined, false, undefined, undefined],
  );
});

Deno.test("upstream v1's spellings are understood", () => {
  const config = parsed("loglevel WARNING\npong true\nexpose 0.0.0.0:2512 restart\nhost localhost");
  assert.equal(config.logLevel, "warn");
  assert.equal(config.pong, true);
  assert.equal(config.expose?.legacy, false);
  assert.equal(formatAddress(config.host), "127.0.0.1");
});

Deno.test("what a file says twice counts once", () => {
  const config = parsed(
    "route 172.18.0.0/16\n route  172.18.0.0/16\niptables 10.1.0.0+10.2.0.0\niptables 10.2.0.0+10.1.0.0\n" +
      "proxy 80\nproxy 127.0.0.1:80:80\nnetwork x off\nnetwork x off\nhosts /etc/hosts a\nhosts /etc/hosts b a",
  );
  assert.equal(config.routes.length, 1);
  assert.equal(config.bridgePairs.length, 1);
  assert.equal(config.proxies.length, 1);
  assert.deepEqual(config.networksOff, ["x"]);
  assert.deepEqual(config.hosts, [{ file: "/etc/hosts", domains: ["a", "b"] }]);
});

Deno.test("Windows line ends, tabs, a byte order mark and a missing last newline are no faults", () => {
  const config = parsed("\ufeffport 1\r\n\tmtu\t600\r\n# caf\u00e9\u00a0\r\npong on");
  assert.deepEqual([config.port, config.mtu, config.pong], [1, 600, true]);
});

Deno.test("IPv6 is off where the MTU is too small for it", () => {
  assert.equal(parsed("mtu 1279").addr6, undefined);
  assert.notEqual(parsed("mtu 1280").addr6, undefined);
  assert.equal(parsed("mtu 1400", { mtu: 1000 }).addr6, undefined);
});

Deno.test("flags win over the file before lines are checked together", () => {
  const addr = parsePrefix("10.0.0.1/24");
  const host = parseAddress("0.0.0.0");
  const text = "addr 192.168.251.1/24\nport 2511\nmtu 1400\ntoken t 10.0.0.3\nroute 192.168.251.0/24";
  assert.notDeepEqual(parseConfig(text, "c.conf").faults, []);
  const config = parsed(text, { addr, host, port: 9, mtu: 1300 });
  assert.equal(formatPrefix(config.addr), "10.0.0.1/24");
  assert.deepEqual([formatAddress(config.host), config.port, config.mtu], ["0.0.0.0", 9, 1300]);
  assert.equal(parsed("path udp", { path: "engine" }).path, "engine");
  assert.equal(parsed("port 7", { addr: undefined, port: undefined }).port, 7);
});

Deno.test("a faulty flag is named in place of a line", () => {
  const faultsOf = (overrides: Overrides) =>
    parseConfig("", "c.conf", overrides).faults.map(formatDiagnostic);
  assert.deepEqual(faultsOf({ addr: parsePrefix("10.0.0.1/31") }), [
    "--addr: 10.0.0.1/31 has no room for the Docker side's and the server's address: expected /30 or wider",
  ]);
  assert.deepEqual(faultsOf({ addr: parsePrefix("fd00::1/64") }), [
    '--addr: "fd00::1/64" is not IPv4: expected a CIDR, for example "192.168.251.1/24"',
  ]);
  assert.deepEqual(faultsOf({ port: 0 }), ['--port: invalid port "0": expected 1-65535']);
  assert.deepEqual(faultsOf({ mtu: 1400.5 }), [
    '--mtu: invalid MTU "1400.5": expected 576-65507 bytes',
  ]);
});

Deno.test("a configuration cannot be changed", () => {
  const config = parsed("route 172.18.0.0/16\nhosts /etc/hosts a");
  for (const part of [config, config.routes, config.routes[0], config.hosts[0]?.domains, config.docker]) {
    assert(Object.isFrozen(part));
  }
});
