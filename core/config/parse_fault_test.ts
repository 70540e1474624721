import assert from "node:assert/strict";
import { formatDiagnostic } from "./diagnostic.ts";
import { parseConfig } from "./parse.ts";

function faultsOf(text: string): string[] {
  const { config, faults } = parseConfig(text, "c.conf");
  assert.equal(config === undefined, faults.length > 0);
  return faults.map(formatDiagnostic);
}

/** Checks that each text has exactly the one fault: its place and words that its message has. */
function checkFaults(cases: readonly [text: string, place: string, ...words: string[]][]): void {
  for (const [text, place, ...words] of cases) {
    const [fault = "", ...more] = faultsOf(text);
    assert.deepEqual(more, [], text);
    assert(fault.startsWith(`c.conf:${place}: `), `${JSON.stringify(text)} gives ${fault}`);
    for (const word of words) {
      assert(fault.includes(word), `${JSON.stringify(text)} gives ${fault}, without ${word}`);
    }
  }
}

Deno.test("all faults are reported, in the order of the text", () => {
  assert.deepEqual(faultsOf("rout 172.18.0.0/16\nport 0\n\nroute 172.18.0.9/16 expos\n"), [
    `c.conf:1:1: unknown key "rout"; did you mean "route"?`,
    `c.conf:2:6: invalid port "0": expected 1-65535`,
    `c.conf:4:7: "172.18.0.9/16" has host bits set: the network is 172.18.0.0/16`,
    `c.conf:4:21: unexpected "expos": expected "route CIDR [expose]", for example "route 172.18.0.0/16"`,
  ]);
});

Deno.test("unknown keys are named, with the key that was meant", () => {
  checkFaults([
    ["Route 10.0.0.0/8", "1:1", `"Route"`, `did you mean "route"?`],
    ["log-level info", "1:1", `"log-level"`, `did you mean "loglevel"?`],
    ["bogus 1", "1:1", `"bogus"`, "expected one of addr, "],
    ["port=2511", "1:1", `write a blank in place of the "=" after "port"`],
    ["mtu: 1400", "1:1", `write a blank in place of the ":" after "mtu"`],
  ]);
});

Deno.test("missing and superfluous words", () => {
  checkFaults([
    ["route", "1:6", `missing CIDR: expected "route CIDR [expose]"`],
    ["route  # 10.0.0.0/8", "1:8", "inline comments are not supported"],
    ["network web # off", "1:13", "inline comments are not supported"],
    ["hosts /etc/hosts a #b c", "1:20", "inline comments are not supported"],
    ["\tport  ", "1:6", "missing PORT"],
    ["token foo", "1:10", "missing ADDRESS"],
    ["token", "1:6", "missing NAME"],
    ["hosts /etc/hosts", "1:17", "missing DOMAIN"],
    ["network web", "1:12", "missing off"],
    ["port 1 2", "1:8", `unexpected "2"`],
    ["route 10.0.0.0/8 # office net", "1:18", "inline comments are not supported"],
    ["expose off legacy", "1:12", `unexpected "legacy"`],
    ["key one two", "1:9", "unexpected "],
    ["# \u00e9\nport 1 \u{1f433}", "2:8", "unexpected "],
  ]);
});

Deno.test("addresses, prefixes, ports and sizes", () => {
  checkFaults([
    ["addr 192.168.251.1", "1:6", "has no prefix length", `"192.168.251.1/24"`],
    ["addr fd00::1/64", "1:6", "is not IPv4"],
    ["addr 10.0.0.1/31", "1:6", "has no room", "/30"],
    ["addr 64.0.0.1/2", "1:6", "is too wide"],
    ["addr 10.0.0.0/24", "1:6", "10.0.0.0 is the network address, not a host address", `"10.0.0.1/24"`],
    ["addr 10.0.0.255/24", "1:6", "10.0.0.255 is the broadcast address"],
    ["addr 10.0.0.254/24", "1:6", "the server would get the next address, 10.0.0.255"],
    ["addr 127.0.0.1/24", "1:6", "127.0.0.0/8 (loopback)"],
    ["addr 224.0.0.1/24", "1:6", "(multicast)"],
    ["addr 255.255.255.255/30", "1:6", "(reserved)"],
    ["addr6 192.168.251.1/24", "1:7", "is not IPv6"],
    ["addr6 fd00::/64", "1:7", "fd00:: is the network address"],
    ["addr6 fd00::1/127", "1:7", "/126"],
    ["addr6 fe80::1/64", "1:7", "(link-local)"],
    ["host example.com", "1:6", "invalid IP address"],
    ["host 224.0.0.1", "1:6", "is not a host address"],
    ["port 65536", "1:6", "expected 1-65535"],
    ["port 0x50", "1:6", "expected 1-65535"],
    ["path tcp", "1:6", `unknown path "tcp": expected auto, direct, engine or udp`],
    ["path UPD", "1:6", `unknown path "UPD"`],
    ["path engin", "1:6", `did you mean "engine"?`],
    ["path", "1:5", "missing auto, direct, engine or udp"],
    ["path udp engine", "1:10", `unexpected "engine"`],
    ["mtu 575", "1:5", "expected 576-65507"],
    ["mtu 65508", "1:5", "expected 576-65507"],
    ["mtu 1400bytes", "1:5", "expected 576-65507"],
    ["docker tcp://127.0.0.1:2375", "1:8", "is not a unix socket"],
    ["docker /var/run/docker.sock", "1:8", `expected "unix:///var/run/docker.sock"`],
    ["docker unix://docker.sock", "1:8", "unknown value"],
    ["route 172.18.0.0", "1:7", `"172.18.0.0/16"`],
    ["route 10.0.0.0/255.255.0.0", "1:7", "has a netmask", `"10.0.0.0/16"`],
    ["route 10.0.0.0/33", "1:7", "invalid prefix length", "0-32"],
    ["route 10.1/16", "1:7", "invalid network"],
    ["route 172.18.3.4/12", "1:7", "the network is 172.16.0.0/12"],
    ["route 0.0.0.0/0", "1:7", "all traffic"],
    ["route ::/0", "1:7", "all traffic"],
    ["route 127.0.0.0/24", "1:7", "(loopback)"],
    ["route 192.0.0.0/2", "1:7", "(multicast)"],
  ]);
});

Deno.test("values of the other keys", () => {
  checkFaults([
    ["iptables foo", "1:10", `invalid pair "foo"`],
    ["iptables 10.0.0.0+", "1:10", "invalid pair"],
    ["iptables 10.0.0.0+10.0.0.0", "1:10", "are the same"],
    ["iptables 10.0.0.0/8+11.0.0.0", "1:10", `expected "10.0.0.0"`],
    ["iptables fd00::+fd01::", "1:10", "invalid IPv4 network address"],
    ["network a/b off", "1:9", "docker network ls"],
    ["network web on", "1:13", "expected off"],
    ["expose 0.0.0.0", "1:8", "has no port"],
    ["expose :2512", "1:8", "has no address"],
    ["expose example.com:2512", "1:8", "invalid endpoint"],
    ["web 8080", "1:5", `"127.0.0.1:8080"`],
    ["web 127.0.0.1:0", "1:5", "invalid endpoint"],
    ["loglevel inf", "1:10", `did you mean "info"?`],
    ["loglevel 3", "1:10", "expected error, warn, info or debug"],
    ["pong yes", "1:6", "expected on or off"],
    ["hosts hosts.txt a", "1:7", "absolute path"],
    ["hosts /etc/hosts a..b", "1:18", "invalid domain"],
    ["proxy", "1:6", "missing PORT"],
    ["proxy a:b", "1:7", `invalid port "b"`],
    ["proxy 1.2.3.4.5:80", "1:7", "invalid host"],
    ["proxy [1.2.3.4]:80", "1:7", "invalid host"],
    ["proxy 80:81:82", "1:7", "invalid proxy"],
    ["proxy 80:65536", "1:7", `invalid port "65536"`],
    ["dns .test", "1:5", `expected "test"`],
    ["dns a_b.-", "1:5", "invalid domain"],
  ]);
});

Deno.test("characters that do not belong in the file", () => {
  checkFaults([
    ["port 1\0", "1:7", "U+0000"],
    ["# fine\n# bell \x07", "2:8", "U+0007"],
    ["port\rmtu 1400", "1:5", "U+000D"],
    ["# caf\ufffd", "1:6", "invalid UTF-8"],
    ["route\u00a0172.18.0.0/16", "1:6", "U+00A0", "use spaces or tabs"],
    ["port 25\u200b11", "1:8", "U+200B"],
    ["port \ud800", "1:6", "U+D800"],
    [`port ${"1".repeat(5000)}`, "1:1", "longer than 4096 characters"],
    // The blank is wrong, but the value is read, so that the token is not blamed too.
    ["addr\u00a010.0.0.1/24\ntoken t 10.0.0.3", "1:5", "U+00A0"],
  ]);
});

Deno.test("keys that a file has once", () => {
  checkFaults([
    ["port 1\nport 1", "2:1", `duplicate "port" (first on line 1)`],
    ["dns a\n\ndns b", "3:1", `duplicate "dns" (first on line 1)`],
    ["key a\nkey b", "2:1", `duplicate "key" (first on line 1)`],
  ]);
});

Deno.test("tokens against addr and each other", () => {
  checkFaults([
    ["token a 10.0.0.3", "1:9", "10.0.0.3 is outside 192.168.251.0/24"],
    ["token a 192.168.251.3\naddr 10.0.0.1/24", "1:9", "outside 10.0.0.0/24"],
    ["token a 192.168.251.1", "1:9", "the Docker side's own"],
    ["token a 192.168.251.2", "1:9", "the server's own"],
    ["token a 192.168.251.0", "1:9", "first or last"],
    ["token a 192.168.251.255", "1:9", "first or last"],
    ["token a 192.168.251.3\n token a 192.168.251.4", "2:8", "duplicate token (first on line 1)"],
    [
      "token a 192.168.251.3\ntoken b 192.168.251.3",
      "2:9",
      "duplicate address 192.168.251.3 (first on line 1)",
    ],
    ["token a fd00::3", "1:9", "invalid IPv4 address"],
    ["token a,b 192.168.251.3", "1:7", "a comma"],
    [`token ${"a".repeat(600)} 192.168.251.3`, "1:7", "at most 512 bytes"],
    // Only the faulty addr is to blame.
    ["addr 10.0.0.1/99\ntoken a 10.0.0.3\nroute 192.168.251.0/24", "1:6", "invalid prefix length"],
  ]);
});

Deno.test("routes against each other and the virtual networks", () => {
  checkFaults([
    ["route 10.0.0.0/8\nroute 10.1.0.0/16", "2:7", "10.1.0.0/16 overlaps 10.0.0.0/8 on line 1"],
    ["route 10.1.0.0/16\nroute 10.0.0.0/8", "2:7", "10.0.0.0/8 overlaps 10.1.0.0/16 on line 1"],
    ["route 10.0.0.0/8\nroute 10.0.0.0/8 expose", "2:7", "here with expose and on line 1 without"],
    ["route 10.0.0.0/8 expose\nroute 10.0.0.0/8", "2:7", "here without expose and on line 1 with"],
    ["route 192.168.0.0/16", "1:7", "overlaps 192.168.251.0/24, the virtual network", "or addr"],
    ["route fdc0:c0de:251::/72", "1:7", "the virtual network", "or addr6"],
    ["addr6 off\nroute fd00::/64", "2:7", "needs IPv6, which is off"],
    ["mtu 1000\nroute fd00::/64", "2:7", "needs IPv6, which is off"],
  ]);
  assert.deepEqual(faultsOf("route 10.0.0.0/9\nroute 10.128.0.0/9\nroute 10.0.0.0/9\naddr6 off"), []);
});

Deno.test("pairs, proxies and listeners against each other", () => {
  checkFaults([
    ["iptables 10.0.0.0+11.0.0.0\niptables 11.0.0.0-10.0.0.0", "2:10", "contradicts line 1"],
    ["proxy 80\nproxy 81:80", "2:7", "duplicate port 80 (first on line 1)"],
    ["proxy 192.168.251.2:80", "1:7", "192.168.251.2 is where the proxy itself listens"],
    ["expose 127.0.0.1:2511", "1:8", "in use by the tunnel itself, 127.0.0.1:2511"],
    ["expose 0.0.0.0:2600\nport 2600", "1:8", "in use by the tunnel itself"],
    ["expose 0.0.0.0:2512\nmtu 65473", "2:5", "expected 65472 or less"],
    ["mtu 65507\nexpose 0.0.0.0:2512", "2:8", "expected 65472 or less"],
    ["host 0.0.0.0\nexpose 10.0.0.5:2511", "2:8", "in use by the tunnel itself, 0.0.0.0:2511"],
  ]);
  assert.deepEqual(faultsOf("expose 10.0.0.5:2511\nweb 127.0.0.1:2511"), []);
});

Deno.test("no message repeats a token or a key, however it is mistyped", () => {
  const secret = "hunter2";
  const texts = [
    `token ${secret}`,
    `token ${secret} x`,
    `token 192.168.251.3 ${secret}`,
    `token ${secret} 192.168.251.3 ${secret}`,
    `token ${secret} 10.0.0.3`,
    `token ${secret},a 192.168.251.3`,
    `token ${secret} 192.168.251.3\ntoken ${secret} 192.168.251.3`,
    `token\n${secret} 192.168.251.3`,
    `token${secret} 192.168.251.3`,
    `token=${secret} 192.168.251.3`,
    `TOKEN-${secret}`,
    `key ${secret} ${secret}`,
    `key\n${secret}`,
    `key: ${secret}`,
    `key=${secret}`,
    `key${secret}`,
    `keys ${secret}`,
    `key a\nkey ${secret} b`,
    `key ${secret}\u00a0${secret}`,
  ];
  for (const text of texts) {
    const faults = faultsOf(text);
    assert(faults.length > 0, text);
    assert(!faults.join("\n").includes(secret), faults.join("\n"));
  }
});
