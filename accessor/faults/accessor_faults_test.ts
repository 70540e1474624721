import assert from "node:assert/strict";
import { type AccessorFacts, accessorFaults, accessorSummary } from "./accessor_faults.ts";

const NOTHING = { packets: 0, bytes: 0 };

const SOUND: AccessorFacts = {
  version: "1.2.3",
  commit: "abc",
  deno: "2.9.6",
  pid: 1,
  startedAt: "2026-03-01T12:00:00.000Z",
  uptimeSeconds: 60,
  interface: { name: "accessor0", mtu: 1400, address: "192.168.251.3", peer: "192.168.251.2" },
  server: {
    host: "desk.test:2512",
    endpoint: "192.0.2.1:2512",
    lastHeardSeconds: 1,
    lastHandshakeSeconds: 1,
    state: "connected",
  },
  routes: [{ prefix: "172.20.0.0/16", state: "active" }, { prefix: "172.21.0.0/16", state: "excluded" }],
  counters: { outbound: NOTHING, inbound: NOTHING, drops: {} },
  dataPlane: { offload: true, cipher: "libcrypto" },
};

const codes = (part: Partial<AccessorFacts>) => accessorFaults({ ...SOUND, ...part }).map(({ code }) => code);
const away = { ...SOUND.server, state: "searching", lastHeardSeconds: null } as const;

Deno.test("a sound accessor has no fault", () => {
  assert.deepEqual(codes({}), []);
  assert.equal(accessorSummary(SOUND, []), "up: 1 exposed network reachable through desk.test:2512");
});

Deno.test("why the server is not reached is named once", () => {
  assert.deepEqual(codes({ server: away }), ["server.silent"]);
  assert.deepEqual(codes({ server: { ...away, cause: "unknown-name", fault: "not known" } }), [
    "server.unknown-name",
  ]);
  assert.deepEqual(codes({ server: { ...away, cause: "no-network", fault: "unreachable" } }), [
    "server.no-network",
  ]);
  assert.match(accessorSummary({ ...SOUND, server: away }, []), /^starting: connecting to desk\.test:2512$/);
});

Deno.test("a route that clashes is named, and none beside an interface that is wrong", () => {
  const routes = [{
    prefix: "172.20.0.0/16",
    state: "failed",
    fault: "x",
    cause: "overlap",
    owner: "en0",
  }] as const;
  assert.deepEqual(codes({ routes }), ["route.overlap"]);
  assert.deepEqual(codes({ routes, interface: { ...SOUND.interface!, fault: "down" } }), [
    "interface.changed",
  ]);
});
