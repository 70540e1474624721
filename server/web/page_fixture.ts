import type { ServerStatus } from "../status/status_document.ts";
import type { ShownContainer } from "./page_state.ts";

const NO_TRAFFIC = { sent: { packets: 0, bytes: 0 }, received: { packets: 0, bytes: 0 } };

/** A server with a bit of everything. */
export const BUSY: ServerStatus = {
  program: "docker-connector",
  version: "0.1.0",
  commit: "abc1234",
  deno: "2.9.6",
  pid: 4242,
  startedAt: "2026-03-01T12:00:00.000Z",
  uptimeSeconds: 30,
  summary: "The route to 10.1.0.0/24 failed: File exists",
  faults: [{
    code: "route.failed",
    severity: "error",
    title: "A route failed",
    text: "The route to 10.1.0.0/24 failed: File exists",
    remedy: 'Run "docker-connector doctor"',
    since: "2026-03-01T12:00:10.000Z",
  }],
  interface: { name: "connector0", mtu: 1400, address: "192.168.251.2", peer: "192.168.251.1" },
  listen: "127.0.0.1:2511",
  client: { endpoint: "172.17.0.1:51234", lastHeardSeconds: 2 },
  refused: null,
  paths: {
    preference: "auto",
    inUse: "engine",
    reason: "udp is silent",
    list: [
      { kind: "direct", state: "down", roundTripMs: null, reason: "no address" },
      {
        kind: "engine",
        state: "in-use",
        roundTripMs: 0.5,
        sent: { packets: 3, bytes: 300 },
        received: { packets: 4, bytes: 400 },
      },
      { kind: "udp", state: "silent", roundTripMs: null, reason: "does not answer", ...NO_TRAFFIC },
    ],
  },
  routes: [
    { prefix: "172.20.0.0/16", source: "config", state: "active" },
    { prefix: "10.1.0.0/24", source: "docker", network: "shop", state: "failed", fault: "File exists" },
  ],
  docker: {
    state: "connected",
    socket: "/var/run/docker.sock",
    engine: "28.5.2",
    api: "1.44",
    networks: [{ name: "shop", subnets: [{ prefix: "10.1.0.0/24", state: "failed" }] }],
    container: null,
  },
  counters: {
    outbound: { packets: 3, bytes: 300 },
    inbound: { packets: 4, bytes: 400 },
    drops: { noClient: 2, malformed: 0 },
  },
  dataPlane: { offload: true },
  hosts: [],
  proxies: [],
  sharing: {
    listen: "0.0.0.0:2512",
    legacy: false,
    cipher: "libcrypto",
    tokens: 2,
    weak: 0,
    deriving: 0,
    sessions: [{
      address: "192.168.251.3",
      endpoint: "10.78.0.11:5000",
      legacy: false,
      lastHandshakeSeconds: 4,
      dropped: 0,
      ...NO_TRAFFIC,
    }],
    handshakes: 7,
    drops: { replayed: 1 },
  },
  https: null,
  names: null,
  web: { listen: "127.0.0.1:2580" },
  config: { file: null, loadedAt: "2026-03-01T12:00:00.000Z", faults: [] },
};

/** Its only container; the label must not be shown. */
export const CONTAINERS: readonly (ShownContainer & { readonly labels: Readonly<Record<string, string>> })[] =
  [{
    name: "storefront",
    image: "nginx",
    state: "running",
    labels: { password: "label-secret" },
    networks: [{ name: "shop", address4: { family: 4, bytes: new Uint8Array([10, 1, 0, 5]) } }],
  }];
