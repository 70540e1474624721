import assert from "node:assert/strict";
import * as v from "valibot";
import { ACCESSOR_STATUS, type AccessorStatus, statusText } from "./status_document.ts";

const STATUS: AccessorStatus = {
  program: "docker-accessor",
  version: "1.2.3",
  commit: "abc",
  deno: "2.9.6",
  pid: 7,
  startedAt: "2026-01-01T00:00:00.000Z",
  uptimeSeconds: 61,
  summary: "up: 1 of 2 exposed networks reachable through desk.test:2512",
  faults: [],
  interface: { name: "utun5", mtu: 1400, address: "192.168.251.3", peer: "192.168.251.2" },
  server: {
    host: "desk.test:2512",
    endpoint: "192.0.2.1:2512",
    lastHeardSeconds: 0,
    lastHandshakeSeconds: 75,
    state: "connected",
  },
  routes: [
    { prefix: "172.20.0.0/16", state: "active" },
    { prefix: "172.21.0.0/16", state: "failed", fault: "Cannot route it: clash" },
    { prefix: "172.22.0.0/16", state: "excluded" },
  ],
  counters: {
    outbound: { packets: 1, bytes: 84 },
    inbound: { packets: 2, bytes: 168 },
    drops: { decryptFailed: 3, replayed: 0 },
  },
  dataPlane: { offload: true, cipher: "libcrypto" },
};

Deno.test("the status in words", () => {
  assert.equal(
    statusText(STATUS),
    `up: 1 of 2 exposed networks reachable through desk.test:2512
docker-accessor 1.2.3 (commit abc, deno 2.9.6), pid 7, up 1 min 1 s
server     desk.test:2512 (192.0.2.1:2512), connected, heard just now, handshake 1 min 15 s ago
interface  utun5, mtu 1400, address 192.168.251.3, peer 192.168.251.2
routes     172.20.0.0/16  active
           172.21.0.0/16  failed: Cannot route it: clash
           172.22.0.0/16  excluded
outbound   1 packet, 84 B
inbound    2 packets, 168 B
drops      decryptFailed 3 (failed authentication)
offload    on
cipher     libcrypto
`,
  );
});

Deno.test("before the server has answered there is neither address nor route", () => {
  const server = { ...STATUS.server, endpoint: null, lastHeardSeconds: null, lastHandshakeSeconds: null };
  const waiting: AccessorStatus = {
    ...STATUS,
    interface: null,
    routes: [],
    server: { ...server, state: "searching" },
  };
  const text = statusText(waiting);
  assert.match(text, /^server +desk\.test:2512, searching, heard never, handshake never$/m);
  assert.match(text, /^interface +no address yet$/m);
  assert.match(text, /^routes +none$/m);
  assert.ok(v.is(ACCESSOR_STATUS, JSON.parse(JSON.stringify(waiting))));
});

Deno.test("a document of another form is told from one of this version", () => {
  assert.deepEqual(v.parse(ACCESSOR_STATUS, JSON.parse(JSON.stringify(STATUS))), STATUS);
  for (const key of ["server", "routes", "counters", "dataPlane", "interface"]) {
    assert.equal(v.is(ACCESSOR_STATUS, { ...STATUS, [key]: undefined }), false, key);
  }
});
