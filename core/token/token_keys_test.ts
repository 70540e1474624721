import assert from "node:assert/strict";
import { hkdfSync, scrypt as nodeScrypt } from "node:crypto";
import { consumeInitiation, InitiatorHandshake } from "../wireguard/handshake.ts";
import { Peer } from "../wireguard/peer.ts";
import vectors from "../wireguard/vectors.json" with { type: "json" };
import {
  accessorPeerKeys,
  connectorPeerKeys,
  deriveTokenKeys,
  destroyTokenKeys,
  type Scrypt,
  wgQuickFile,
} from "./token_keys.ts";
import { prefix } from "../../tests/literals.ts";
import { accepted } from "../wireguard/handshake_fixture.ts";

const scrypt: Scrypt = (password, salt, length, cost) =>
  new Promise((resolve, reject) =>
    nodeScrypt(password, salt, length, cost, (error, key) => error ? reject(error) : resolve(key))
  );

for (const { token, accessorKey, connectorKey, presharedKey } of vectors.tokens) {
  Deno.test(`the documented keys of ${token}`, async () => {
    const keys = await deriveTokenKeys(token, scrypt);
    assert.equal(keys.accessorKey.toHex(), accessorKey);
    assert.equal(keys.connectorKey.toHex(), connectorKey);
    assert.equal(keys.presharedKey.toHex(), presharedKey);
  });
}

Deno.test("the runtime's own HKDF derives the same", async () => {
  const master = await scrypt(new TextEncoder().encode("x"), new Uint8Array(8), 32, { N: 16384, r: 8, p: 1 });
  const expected = (info: string) => new Uint8Array(hkdfSync("sha256", master, "", info, 32)).toHex();
  const copies = { accessor: expected("accessor key"), connector: expected("connector key") };
  const keys = await deriveTokenKeys("any", () => Promise.resolve(master));
  assert.deepEqual(
    { accessor: keys.accessorKey.toHex(), connector: keys.connectorKey.toHex() },
    copies,
  );
});

Deno.test("accessor and server shake hands with the keys of one token, not with those of two", async () => {
  const [one, other] = [await deriveTokenKeys("one", scrypt), await deriveTokenKeys("One", scrypt)];
  const begin = () =>
    new InitiatorHandshake(new Peer(accessorPeerKeys(one)), {
      localIndex: 1,
      ephemeralKey: new Uint8Array(32).fill(5),
      wallClock: 0,
      now: 0,
    });
  const input = () => ({ localIndex: 2, ephemeralKey: new Uint8Array(32).fill(6), now: 0 });
  assert.ok(accepted(consumeInitiation(new Peer(connectorPeerKeys(one)), begin().message, input())));
  assert.equal(
    accepted(consumeInitiation(new Peer(connectorPeerKeys(other)), begin().message, input())),
    undefined,
  );
});

Deno.test("cleared keys hold nothing", async () => {
  const keys = await deriveTokenKeys("one", () => Promise.resolve(new Uint8Array(32).fill(1)));
  destroyTokenKeys(keys);
  assert.ok(Object.values(keys).every((key: Uint8Array) => key.every((octet) => octet === 0)));
});

Deno.test("the exported file tells of names in comments, since a DNS line would take all questions", () => {
  const keys = {
    privateKey: new Uint8Array(32),
    peerPublicKey: new Uint8Array(32),
    presharedKey: new Uint8Array(32),
  };
  const { address } = prefix("192.168.251.3/32");
  const server = prefix("192.168.251.2/32").address;
  const common = { keys, address, server, mtu: 1400, endpoint: "a.test:2512", routes: [] };
  const lines = wgQuickFile({ ...common, domain: "box.test" }).split("\n");
  const added = lines.filter((line) => !wgQuickFile(common).split("\n").includes(line));
  assert.deepEqual(added, [
    "# Names below box.test are answered at 192.168.251.2. With systemd-resolved and wg-quick:",
    "# PostUp = resolvectl dns %i 192.168.251.2; resolvectl domain %i ~box.test",
  ]);
});

Deno.test("the exported file says all that wg-quick needs", () => {
  const text = wgQuickFile({
    keys: {
      privateKey: new Uint8Array(32).fill(1),
      peerPublicKey: new Uint8Array(32).fill(2),
      presharedKey: new Uint8Array(32).fill(3),
    },
    address: prefix("192.168.251.3/32").address,
    server: prefix("192.168.251.2/32").address,
    mtu: 1400,
    endpoint: "mac.example.org:2512",
    routes: [prefix("172.18.0.0/16"), prefix("fd00:1::/64")],
  });
  assert.deepEqual(text.split("\n"), [
    "[Interface]",
    "PrivateKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    "Address = 192.168.251.3/32",
    "MTU = 1400",
    "",
    "[Peer]",
    "PublicKey = AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
    "PresharedKey = AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=",
    "Endpoint = mac.example.org:2512",
    "AllowedIPs = 192.168.251.2/32, 172.18.0.0/16, fd00:1::/64",
    "PersistentKeepalive = 25",
    "",
  ]);
});
