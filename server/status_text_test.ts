import assert from "node:assert/strict";
import type { FirewallFacts } from "../core/protocol/description.ts";
import { isServerStatus, type ServerStatus } from "./status_document.ts";
import { statusText } from "./status_text.ts";

const idle: ServerStatus = {
  program: "docker-connector",
  version: "0.1.0",
  commit: "abc1234",
  deno: "2.4.2",
  pid: 4242,
  startedAt: "2026-03-01T12:00:00.000Z",
  uptimeSeconds: 30,
  interface: { name: "connector0", mtu: 1400, address: "192.168.251.2", peer: "192.168.251.1" },
  listen: "127.0.0.1:2511",
  client: null,
  routes: [],
  docker: { state: "off", socket: null, engine: null, api: null, networks: [], container: null },
  counters: {
    outbound: { packets: 0, bytes: 0 },
    inbound: { packets: 1, bytes: 84 },
    drops: { "no-client": 0 },
  },
  dataPlane: { offload: false },
  sharing: null,
  config: { file: null, loadedAt: "2026-03-01T12:00:00.000Z", faults: [] },
};

const busy: ServerStatus = {
  ...idle,
  uptimeSeconds: 11_520,
  client: {
    endpoint: "172.17.0.1:51234",
    lastHeardSeconds: 2,
    version: "0.1.0",
    addresses: ["192.168.251.1"],
    subnets: ["172.17.0.0/16", "172.18.0.0/16"],
    moreSubnets: 3,
    firewall: { state: "open", backend: "iptables-nft", rules: 4 },
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
      state: "foreign",
      image: "nginx",
      fault: "Cannot start it. Rename it",
    },
  },
  counters: {
    outbound: { packets: 1234, bytes: 1_500_000 },
    inbound: { packets: 5678, bytes: 104_857_600 },
    drops: { "no-client": 12, "no-route": 0, "ipv6": 4 },
  },
  dataPlane: { offload: true },
  config: {
    file: "/etc/docker-connector.conf",
    loadedAt: "2026-03-01T15:00:00.000Z",
    faults: ["/etc/docker-connector.conf:3:7: unknown key", "/etc/docker-connector.conf:4:1: unknown key"],
  },
};

Deno.test("an idle server's status", () => {
  assert.equal(
    statusText(idle),
    `docker-connector 0.1.0 (commit abc1234, deno 2.4.2), pid 4242, up 30 s
interface  connector0, mtu 1400, address 192.168.251.2, peer 192.168.251.1
listen     127.0.0.1:2511
client     none yet
routes     none
docker     off
outbound   0 packets, 0 B
inbound    1 packet, 84 B
offload    off
config     no file
`,
  );
});

Deno.test("a busy server's status shows routes, drops that occurred and faults", () => {
  assert.equal(
    statusText(busy),
    `docker-connector 0.1.0 (commit abc1234, deno 2.4.2), pid 4242, up 3 h 12 min
interface  connector0, mtu 1400, address 192.168.251.2, peer 192.168.251.1
listen     127.0.0.1:2511
client     172.17.0.1:51234, heard 2 s ago, version 0.1.0
           networks there: 172.17.0.0/16, 172.18.0.0/16 and 3 more
firewall   open for the tunnel, 4 rules in iptables-nft
routes     172.20.0.0/16  config  active
           10.1.0.0/24    docker web  failed: File exists
docker     Engine 28.2.2 at /var/run/docker.sock, API 1.44
container  mac-connector, in the way, not this program's, nginx
           Cannot start it. Rename it
unrouted   fd00:1::/64 of web: IPv6 is off
           172.20.0.0/16 of db: left to a route line
           172.21.0.0/16 of build: switched off by a network line
outbound   1234 packets, 1.5 MB
inbound    5678 packets, 104.9 MB
drops      no-client 12
           ipv6 4
offload    on
config     /etc/docker-connector.conf, loaded 12 min ago
faults     /etc/docker-connector.conf:3:7: unknown key
           /etc/docker-connector.conf:4:1: unknown key
`,
  );
});

Deno.test("while no Engine answers, the status says why", () => {
  const docker = { ...idle.docker, state: "searching" as const, fault: "Cannot find it. Start Docker" };
  assert.match(statusText({ ...idle, docker }), /^docker +searching: Cannot find it\. Start Docker$/m);
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
  assert.equal(isServerStatus(busy), true);
  assert.equal(isServerStatus({ ...busy, engine: "28.2" }), true);
  assert.equal(isServerStatus({ ...busy, routes: undefined }), false);
  assert.equal(isServerStatus({ ...busy, docker: { ...busy.docker, networks: [{}] } }), false);
  assert.equal(isServerStatus({ ...busy, counters: { ...busy.counters, drops: { ipv6: "4" } } }), false);
  assert.equal(isServerStatus({ ...busy, config: { ...busy.config, file: 1 } }), false);
});
