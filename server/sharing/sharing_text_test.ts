import assert from "node:assert/strict";
import type { SharingStatus } from "./sharing_status.ts";
import { sharingLines } from "./sharing_text.ts";

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
