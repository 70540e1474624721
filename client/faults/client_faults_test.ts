import assert from "node:assert/strict";
import { type ClientFacts, clientFaults, clientSummary } from "./client_faults.ts";

const NOTHING = { packets: 0, bytes: 0 };

const SOUND: ClientFacts = {
  version: "1.2.3",
  commit: "abc",
  deno: "2.9.6",
  pid: 1,
  startedAt: "2026-03-01T12:00:00.000Z",
  uptimeSeconds: 60,
  interface: { name: "connector0", mtu: 1400, address: "192.168.251.1", peer: "192.168.251.2" },
  server: { host: "desk", endpoint: "192.0.2.1:2511", lastHeardSeconds: 1, state: "connected" },
  heartbeats: { sent: 1, answered: 1 },
  counters: { outbound: NOTHING, inbound: NOTHING, drops: {} },
  dataPlane: { offload: true },
  firewall: { state: "open", backend: "iptables-nft", rules: 4, pairs: [] },
};

const found = (part: Partial<ClientFacts>) => clientFaults({ ...SOUND, ...part });
const codes = (part: Partial<ClientFacts>) => found(part).map(({ code }) => code);

Deno.test("a sound client has no fault", () => {
  assert.deepEqual(codes({}), []);
  assert.equal(clientSummary(SOUND, []), "up: connected to desk (192.0.2.1:2511)");
});

Deno.test("a server that is silent is named, and one without an address by that alone", () => {
  const silent = { ...SOUND.server, state: "unreachable", lastHeardSeconds: 9 } as const;
  const [fault] = found({ server: silent });
  assert.deepEqual([fault?.code, fault?.text], ["server.silent", "desk (192.0.2.1:2511) was heard 9 s ago"]);
  assert.deepEqual(codes({ server: { ...silent, fault: "Cannot resolve host desk: not known" } }), [
    "server.unknown-name",
  ]);
  const searching = { ...SOUND, server: { ...silent, state: "searching", lastHeardSeconds: null } as const };
  assert.equal(clientSummary(searching, []), "starting: looking for desk (192.0.2.1:2511)");
});

Deno.test("firewall and interface are named with their own remedies", () => {
  const firewall = { ...SOUND.firewall, state: "nftables" as const, fault: "closed", remedy: "open it" };
  const [blocks] = found({ firewall });
  assert.deepEqual([blocks?.code, blocks?.text, blocks?.remedy], ["firewall.blocks", "closed", "open it"]);
  assert.deepEqual(codes({ interface: { ...SOUND.interface, fault: "down" } }), ["interface.changed"]);
});
