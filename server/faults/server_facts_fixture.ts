import type { ServerFacts } from "./server_facts.ts";

const NOTHING = { packets: 0, bytes: 0 };
const CARRIED = { roundTripMs: null, sent: NOTHING, received: NOTHING };

/** A server with which everything is as it should be. */
export const SOUND: ServerFacts = {
  version: "1.2.3",
  commit: "abc",
  deno: "2.9.6",
  pid: 1,
  startedAt: "2026-03-01T12:00:00.000Z",
  uptimeSeconds: 60,
  interface: { name: "connector0", mtu: 1400, address: "192.168.251.2", peer: "192.168.251.1" },
  listen: "127.0.0.1:2511",
  client: {
    endpoint: "127.0.0.1:40000",
    lastHeardSeconds: 1,
    version: "1.2.3",
    firewall: { state: "open", backend: "iptables-nft", rules: 4 },
  },
  refused: null,
  paths: {
    preference: "auto",
    inUse: "engine",
    reason: "expected",
    list: [
      { kind: "direct", state: "down", roundTripMs: null, reason: "not up yet" },
      { kind: "engine", state: "in-use", ...CARRIED },
      { kind: "udp", state: "standby", ...CARRIED },
    ],
  },
  routes: [
    { prefix: "172.20.0.0/16", source: "docker", network: "web", state: "active" },
    { prefix: "172.21.0.0/16", source: "docker", network: "db", state: "active" },
    { prefix: "192.168.251.0/24", source: "config", state: "active" },
  ],
  docker: {
    state: "connected",
    socket: "/var/run/docker.sock",
    engine: "28.0",
    api: "1.44",
    networks: [],
    container: { name: "mac-connector", state: "running", image: "client" },
  },
  counters: { outbound: NOTHING, inbound: NOTHING, drops: {} },
  dataPlane: { offload: true },
  sharing: null,
  https: null,
  names: null,
  hosts: [],
  proxies: [],
  web: null,
  config: { file: "/etc/docker-connector.conf", loadedAt: "2026-03-01T12:00:00.000Z", faults: [] },
};
