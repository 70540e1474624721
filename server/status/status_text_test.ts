import assert from "node:assert/strict";
import * as v from "valibot";
import type { FirewallFacts } from "../../core/protocol/description.ts";
import { SERVER_STATUS, type ServerStatus, type SharingStatus } from "./status_document.ts";
import { sharingLines, statusText } from "./status_text.ts";

const NOTHING = { packets: 0, bytes: 0 };
const NO_TRAFFIC = { sent: NOTHING, received: NOTHING };

const idle: ServerStatus = {
  program: "docker-connector",
  version: "0.1.0",
  commit: "abc1234",
  deno: "2.4.2",
  pid: 4242,
  startedAt: "2026-03-01T12:00:00.000Z",
  uptimeSeconds: 30,
  summary: "starting: waiting for the client",
  faults: [],
  interface: { name: "connector0", mtu: 1400, address: "192.168.251.2", peer: "192.168.251.1" },
  listen: "127.0.0.1:2511",
  client: null,
  refused: null,
  paths: { preference: "auto", inUse: null, reason: "no path is up", list: [] },
  routes: [],
  docker: { state: "off", socket: null, engine: null, api: null, networks: [], container: null },
  counters: {
    outbound: { packets: 0, bytes: 0 },
    inbound: { packets: 1, bytes: 84 },
    drops: { noClient: 0 },
  },
  dataPlane: { offload: false },
  sharing: null,
  names: null,
  https: null,
  web: null,
  hosts: [],
  proxies: [],
  config: { file: null, loadedAt: "2026-03-01T12:00:00.000Z", faults: [] },
};

const busy: ServerStatus = {
  ...idle,
  uptimeSeconds: 11_520,
  summary: "The config file has a mistake: line 3",
  faults: [{
    code: "config.invalid",
    severity: "error",
    title: "The config file has a mistake",
    text: "line 3",
    remedy: "Correct it",
    since: "2026-03-01T15:11:55.000Z",
  }],
  client: {
    endpoint: "172.17.0.1:51234",
    lastHeardSeconds: 2,
    version: "0.1.0",
    addresses: ["192.168.251.1"],
    subnets: ["172.17.0.0/16", "172.18.0.0/16"],
    truncatedSubnets: 3,
    firewall: { state: "open", backend: "iptables-nft", rules: 4 },
  },
  paths: {
    preference: "auto",
    inUse: "engine",
    reason: "udp is silent",
    list: [
      { kind: "engine", state: "in-use", roundTripMs: 0.4812, reason: "udp is silent", ...NO_TRAFFIC },
      { kind: "udp", state: "silent", roundTripMs: null, reason: "does not answer", ...NO_TRAFFIC },
    ],
  },
  routes: [
    { prefix: "172.20.0.0/16", source: "config", state: "active" },
    { prefix: "10.1.0.0/24", source: "docker", network: "web", state: "failed", fault: "File exists" },
  ],
  docker: {
    state: "connected",
    socket: "/var/run/docker.sock",
    engine: "28.2.2",
    api: "1.44",
    networks: [
      {
        name: "web",
        subnets: [{ prefix: "10.1.0.0/24", state: "failed" }, { prefix: "fd00:1::/64", state: "ipv6" }],
      },
      { name: "db", subnets: [{ prefix: "172.20.0.0/16", state: "config" }] },
      { name: "build", subnets: [{ prefix: "172.21.0.0/16", state: "off" }] },
    ],
    container: {
      name: "mac-connector",
      state: "conflict",
      image: "nginx",
      fault: "Cannot start it. Rename it",
    },
  },
  counters: {
    outbound: { packets: 1234, bytes: 1_500_000 },
    inbound: { packets: 5678, bytes: 104_857_600 },
    drops: { noClient: 12, malformed: 0, ipv6Off: 4 },
  },
  dataPlane: { offload: true },
  config: {
    file: "/etc/docker-connector.conf",
    loadedAt: "2026-03-01T15:00:00.000Z",
    faults: ["/etc/docker-connector.conf:3:7: unknown key", "/etc/docker-connector.conf:4:1: unknown key"],
  },
};

/** By label: the lines below it, without the columns' padding. */
function fieldsOf(status: ServerStatus): { readonly head: string; readonly fields: Map<string, string[]> } {
  const text = statusText(status);
  assert.ok(text.endsWith("\n"));
  const all = text.trimEnd().split("\n");
  const [head = "", ...lines] = all.slice(all.findIndex((line) => line.startsWith(status.program)));
  const fields = new Map<string, string[]>();
  let label = "";
  for (const line of lines) {
    const [, own = "", value = ""] = /^(\S*) +(.*)$/.exec(line) ?? assert.fail(line);
    label = own || label;
    fields.set(label, [...fields.get(label) ?? [], value.replaceAll(/ +/g, " ")]);
  }
  return { head, fields };
}

/** That each fact is on the line of a label with this number. */
function says(status: ServerStatus, label: string, ...lines: readonly (readonly string[])[]): void {
  const found = fieldsOf(status).fields.get(label) ?? [];
  assert.equal(found.length, lines.length, `${label}: ${found.join("; ")}`);
  lines.forEach((facts, index) => {
    for (const fact of facts) {
      assert.ok(found[index]?.includes(fact), `${label}: "${found[index]}" lacks ${fact}`);
    }
  });
}

Deno.test("the whole status in words", () => {
  assert.equal(
    statusText({ ...busy, docker: { ...busy.docker, container: null } }),
    `The config file has a mistake: line 3
error: The config file has a mistake, for 5 s (config.invalid)
    line 3.
    Correct it.

docker-connector 0.1.0 (commit abc1234, deno 2.4.2), pid 4242, up 3 h 12 min
interface  connector0, mtu 1400, address 192.168.251.2, peer 192.168.251.1
listen     127.0.0.1:2511
client     172.17.0.1:51234, heard 2 s ago, version 0.1.0
           networks there: 172.17.0.0/16, 172.18.0.0/16 and 3 more
path       engine, udp is silent, 0.48 ms there and back
           udp: silent, does not answer
firewall   open for the tunnel, 4 rules in iptables-nft
routes     172.20.0.0/16  config  active
           10.1.0.0/24    docker web  failed: File exists
docker     Engine 28.2.2 at /var/run/docker.sock, API 1.44
unrouted   fd00:1::/64 of web: IPv6 is off
           172.20.0.0/16 of db: left to a route line
           172.21.0.0/16 of build: switched off by a network line
outbound   1234 packets, 1.5 MB
inbound    5678 packets, 104.9 MB
drops      noClient 12 (no client is connected yet)
           ipv6Off 4 (IPv6 while it is off)
offload    on
config     /etc/docker-connector.conf, loaded 12 min ago
           not applied: /etc/docker-connector.conf:3:7: unknown key
           not applied: /etc/docker-connector.conf:4:1: unknown key
`,
  );
});

Deno.test("the document is all in the schema", () => {
  for (const status of [idle, busy]) assert.deepEqual(v.parse(SERVER_STATUS, status), status);
});

Deno.test("the first line names the program that runs", () => {
  for (const fact of ["docker-connector 0.1.0", "abc1234", "2.4.2", "4242", "3 h 12 min"]) {
    assert.ok(fieldsOf(busy).head.includes(fact), fact);
  }
});

Deno.test("an idle server says what is absent, and nothing of what cannot be", () => {
  says(idle, "interface", ["connector0", "1400", "192.168.251.2", "192.168.251.1"]);
  says(idle, "listen", ["127.0.0.1:2511"]);
  for (
    const [label, state] of [["client", "none"], ["routes", "none"], ["docker", "off"], ["config", "no"]]
  ) {
    says(idle, label ?? "", [state ?? ""]);
  }
  says(idle, "outbound", ["0 packets"]);
  says(idle, "inbound", ["1 packet,", "84 B"]);
  says(idle, "offload", ["off"]);
  // What has not happened has no line.
  for (const label of ["firewall", "container", "unrouted", "drops"]) says(idle, label);
});

Deno.test("a busy server tells of its client, and of the machine there", () => {
  says(
    busy,
    "client",
    ["172.17.0.1:51234", "2 s ago", "0.1.0"],
    ["172.17.0.0/16", "172.18.0.0/16", "3 more"],
  );
  says(busy, "firewall", ["open", "4 rules", "iptables-nft"]);
});

Deno.test("each route has its source and its state, a failed one its fault", () => {
  says(
    busy,
    "routes",
    ["172.20.0.0/16", "config", "active"],
    ["10.1.0.0/24", "web", "failed", "File exists"],
  );
});

Deno.test("a route whose halves are there in its place is told as such", () => {
  const halves = ["172.20.0.0/17", "172.20.128.0/17"];
  const routes = [{ prefix: "172.20.0.0/16", source: "config", state: "active", halves }] as const;
  says({ ...busy, routes: [...routes] }, "routes", ["172.20.0.0/16", "config", "active by its halves"]);
});

Deno.test("what is known of the Engine, the container and the networks without a route is told", () => {
  says(busy, "docker", ["28.2.2", "/var/run/docker.sock", "1.44"]);
  says(busy, "container", ["mac-connector", "not managed by this program", "nginx"], [
    "Cannot start it. Rename it",
  ]);
  says(
    busy,
    "unrouted",
    ["fd00:1::/64", "web", "IPv6 is off"],
    ["172.20.0.0/16", "db", "route line"],
    ["172.21.0.0/16", "build", "network line"],
  );
});

Deno.test("numbers have units, drops that did not occur are left out, each fault has a line", () => {
  says(busy, "outbound", ["1234 packets", "1.5 MB"]);
  says(busy, "inbound", ["5678 packets", "104.9 MB"]);
  says(busy, "drops", ["noClient 12"], ["ipv6Off 4"]);
  says(busy, "offload", ["on"]);
  says(
    busy,
    "config",
    ["/etc/docker-connector.conf", "12 min ago"],
    ["not applied", "/etc/docker-connector.conf:3:7"],
    ["/etc/docker-connector.conf:4:1"],
  );
});

Deno.test("while no Engine answers, the status says why", () => {
  const docker = { ...idle.docker, state: "connecting" as const, fault: "Cannot find it. Start Docker" };
  assert.match(statusText({ ...idle, docker }), /^docker +connecting: Cannot find it\. Start Docker$/m);
});

Deno.test("what a peer says of itself cannot act on the terminal", () => {
  const hostile: ServerStatus = {
    ...idle,
    client: { endpoint: "1.2.3.4:5", lastHeardSeconds: 0, version: "\x1b[2J\nup" },
  };
  assert.match(statusText(hostile), /^client +1\.2\.3\.4:5, heard just now, version \\u001b\[2J\\u000aup$/m);
});

Deno.test("what is wrong with the firewall of the client's machine is said", () => {
  const client = { endpoint: "1.2.3.4:5", lastHeardSeconds: 0, version: "0.1.0" };
  const line = (firewall: FirewallFacts) =>
    /^firewall +(.*)$/m.exec(statusText({ ...idle, client: { ...client, firewall } }))?.[1];
  assert.equal(line({ state: "waiting", backend: null, rules: 0 }), "no chain of Docker's yet");
  assert.equal(
    line({ state: "nftables", backend: null, rules: 0, fault: "Cannot open it. Set it" }),
    "Docker's own nftables, closed: Cannot open it. Set it",
  );
  assert.equal(
    line({ state: "fault", backend: "iptables-legacy", rules: 1, fault: "Cannot keep it" }),
    "faulty, 1 rule in iptables-legacy: Cannot keep it",
  );
});

Deno.test("a document of another form is told apart, one with more fields is not", () => {
  assert.equal(v.is(SERVER_STATUS, busy), true);
  assert.equal(v.is(SERVER_STATUS, { ...busy, engine: "28.2" }), true);
  assert.equal(v.is(SERVER_STATUS, { ...busy, routes: undefined }), false);
  assert.equal(v.is(SERVER_STATUS, { ...busy, docker: { ...busy.docker, networks: [{}] } }), false);
  assert.equal(
    v.is(SERVER_STATUS, { ...busy, counters: { ...busy.counters, drops: { ipv6Off: "4" } } }),
    false,
  );
  assert.equal(v.is(SERVER_STATUS, { ...busy, config: { ...busy.config, file: 1 } }), false);
});

const quiet: SharingStatus = {
  listen: "0.0.0.0:2512",
  legacy: false,
  cipher: "libcrypto",
  tokens: 1,
  weak: 0,
  deriving: 0,
  sessions: [],
  handshakes: 0,
  drops: { decryptFailed: 0 },
};

Deno.test("a socket without sessions takes two lines", () => {
  assert.deepEqual(sharingLines(quiet), ["0.0.0.0:2512, libcrypto", "1 token"]);
});

Deno.test("sessions, drops and what deserves attention are named", () => {
  const session = {
    address: "192.168.251.3",
    endpoint: "192.0.2.7:51820",
    legacy: false,
    lastHandshakeSeconds: 65,
    received: { packets: 3, bytes: 1500 },
    sent: { packets: 9, bytes: 12_000_000 },
    dropped: 2,
  };
  const busy: SharingStatus = {
    ...quiet,
    legacy: true,
    tokens: 3,
    weak: 1,
    deriving: 2,
    sessions: [session, { ...session, endpoint: null, lastHandshakeSeconds: null, legacy: true, dropped: 0 }],
    drops: { decryptFailed: 4, replayed: 0, notExposed: 1 },
  };
  assert.deepEqual(sharingLines(busy), [
    "0.0.0.0:2512, libcrypto, plaintext logins admitted",
    "3 tokens, 2 of them not ready yet, 1 of them weak",
    "192.168.251.3 at 192.0.2.7:51820, handshake 1 min 5 s ago, received 1.5 kB, sent 12.0 MB, 2 dropped",
    "192.168.251.3 at an unknown endpoint in plaintext, login never, received 1.5 kB, sent 12.0 MB",
    "dropped: decryptFailed 4 (failed authentication), notExposed 1 (the destination is not exposed)",
  ]);
});

Deno.test("a socket that cannot be opened says why", () => {
  const fault = "Cannot listen on UDP 192.0.2.1:2512: this machine has no such address";
  assert.deepEqual(sharingLines({ ...quiet, cipher: null, fault }), [fault, "1 token"]);
});

Deno.test("names are told with what the resolver and a socket lack", () => {
  const names: NonNullable<ServerStatus["names"]> = {
    domain: "container.internal",
    listen: ["192.168.251.2 port 53"],
    names: 3,
    queries: 7,
    refused: 0,
    resolver: { kind: "none", fault: "write a line" },
  };
  const lines = (changed: Partial<typeof names>) =>
    statusText({ ...idle, names: { ...names, ...changed } }).split("\n")
      .filter((line) => /names|resolver|taken/.test(line)).map((line) => line.trim().replace(/ +/, " "));
  assert.deepEqual(lines({}), [
    "names 3 below container.internal, answered at 192.168.251.2 port 53",
    "resolver: none: write a line",
  ]);
  assert.deepEqual(lines({ listen: [], fault: "taken", resolver: { kind: "systemd-resolved" } }), [
    "names 3 below container.internal, not answered yet",
    "taken",
    "resolver: systemd-resolved",
  ]);
});

Deno.test("hosts files and proxies have a row each, with what is wrong", () => {
  const text = statusText({
    ...idle,
    hosts: [{ file: "/etc/hosts", domains: [".test"], names: 1, faultyLines: 0 }],
    proxies: [{
      listen: ["192.168.251.2:80"],
      target: "127.0.0.1:8080",
      connections: 2,
      flows: 1,
      accepted: 9,
      failed: 1,
      fault: "Connection refused (os error 111)",
    }],
  });
  assert.match(text, /^hosts +\/etc\/hosts, 1 name of \.test$/m);
  assert.match(
    text,
    /^proxy +192\.168\.251\.2:80 to 127\.0\.0\.1:8080, 2 connections, 1 UDP flow: Connection refused/m,
  );
});
