import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { scrypt as nodeScrypt } from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { parsePrefix } from "../../core/net/prefix.ts";
import {
  accessorPeerKeys,
  connectorPeerKeys,
  deriveTokenKeys,
  type Scrypt,
  wgQuickFile,
} from "../../core/token/token_keys.ts";
import { CookieChecker } from "../../core/wireguard/cookie.ts";
import { consumeInitiation, InitiatorHandshake, type TransportKeys } from "../../core/wireguard/handshake.ts";
import { Mac1Lookup } from "../../core/wireguard/mac1_lookup.ts";
import {
  classifyMessage,
  INITIATION,
  type MessageType,
  readUint32,
  receiverIndex,
  RESPONSE,
  TRANSPORT,
  TRANSPORT_FIELDS,
  TRANSPORT_HEADER,
  writeUint32,
} from "../../core/wireguard/message.ts";
import { Peer } from "../../core/wireguard/peer.ts";
import { echoReplyPattern, echoRequest } from "../topology/echo_packet.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { UdpPeer } from "../topology/udp_peer.ts";
import { WIREGUARD_NEEDS, WireguardGo } from "../topology/wireguard_go.ts";
import { address } from "../literals.ts";
import { accepted } from "../../core/wireguard/handshake_fixture.ts";

const SERVER_PORT = 2512;
const ACCESSOR_PORT = 51820;
const SERVER = "192.168.251.2";
const ACCESSOR = "192.168.251.3";
const LOCAL_INDEX = 0xdecade01;

const scrypt: Scrypt = (password, salt, length, cost) =>
  new Promise((resolve, reject) =>
    nodeScrypt(password, salt, length, cost, (error, key) => error ? reject(error) : resolve(key))
  );
const fillRandom = (octets: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(octets);
const random = () => fillRandom(new Uint8Array(32));

/** The nonce of a transport message (whitepaper section 5.4.6). */
function nonceOf(message: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(12);
  nonce.set(message.subarray(TRANSPORT_FIELDS.counter, TRANSPORT_HEADER), 4);
  return nonce;
}

/** Seals a packet with its padding as a transport message. */
function seal(keys: TransportKeys, counter: number, packet: Uint8Array): string {
  const message = new Uint8Array(TRANSPORT_HEADER);
  message[0] = TRANSPORT;
  writeUint32(message, TRANSPORT_FIELDS.receiver, keys.remoteIndex);
  writeUint32(message, TRANSPORT_FIELDS.counter, counter);
  const padded = new Uint8Array(Math.ceil(packet.length / 16) * 16);
  padded.set(packet);
  return message.toHex() + chacha20poly1305(keys.send, nonceOf(message)).encrypt(padded).toHex();
}

/** The packet in a transport message, without its padding. */
function open(keys: TransportKeys, message: Uint8Array): Uint8Array {
  assert.equal(receiverIndex(message), keys.localIndex);
  const sealed = message.subarray(TRANSPORT_HEADER);
  const packet = chacha20poly1305(keys.receive, nonceOf(message)).decrypt(sealed);
  return packet.subarray(0, packet.length === 0 ? 0 : (packet[2] ?? 0) << 8 | (packet[3] ?? 0));
}

/** The reply to an ICMP echo request: addresses exchanged, type 0 and the checksum that this makes. */
function echoReply(request: Uint8Array): Uint8Array {
  const reply = request.slice();
  reply.copyWithin(12, 16, 20);
  reply.set(request.subarray(12, 16), 16);
  reply[20] = 0;
  const view = new DataView(reply.buffer);
  const sum = view.getUint16(22) + 0x0800;
  view.setUint16(22, (sum & 0xffff) + (sum >>> 16));
  return reply;
}

/** The next datagram of a type, those of other types being passed over. */
async function receive(socket: UdpPeer, type: MessageType, deadline?: number): Promise<Uint8Array> {
  for (;;) {
    const bytes = Uint8Array.fromHex((await socket.receive(/^/, deadline)).hex);
    if (classifyMessage(bytes, 0, bytes.length) === type) return bytes;
  }
}

networkTest("our handshake with wireguard-go, configured by the exported file", {}, async (network, t) => {
  const { mac, vm, macAddress, vmAddress, folder } = network;
  const tokenKeys = await deriveTokenKeys("8k3m5n7p9q2r4s6t8v1w3x5y7z", scrypt);
  const peer = new Peer(connectorPeerKeys(tokenKeys));
  const name = `wgx${Deno.pid}`;
  const file = `${folder}/${name}.conf`;
  await Deno.writeTextFile(
    file,
    wgQuickFile({
      keys: accessorPeerKeys(tokenKeys),
      address: address(ACCESSOR),
      server: address(SERVER),
      mtu: 1400,
      endpoint: `${macAddress}:${SERVER_PORT}`,
      routes: [parsePrefix("172.18.0.0/16") ?? assert.fail()],
    }).replace("PersistentKeepalive = 25", "PersistentKeepalive = 0"),
    { mode: 0o600 },
  );
  await using device = await WireguardGo.start({ namespace: vm, name, address: `${ACCESSOR}/24`, mtu: 1400 });
  await using socket = await UdpPeer.open(mac, SERVER_PORT);
  /** Configures the device by the file, without any session. */
  const configure = async () => {
    await vm.exec([
      "sh",
      "-c",
      'wg-quick strip "$2" > "$2.strip"; wg setconf "$1" "$2.strip"',
      "sh",
      name,
      file,
    ]);
    await device.set("listen-port", String(ACCESSOR_PORT));
  };
  const start = performance.now();
  const clock = () => performance.now() - start;
  const respondTo = (initiation: Uint8Array) =>
    accepted(
      consumeInitiation(peer, initiation, { localIndex: LOCAL_INDEX, ephemeralKey: random(), now: clock() }),
    ) ??
      assert.fail("the initiation was refused");

  await t.step("the tools compute the same public keys", async () => {
    const key = Buffer.from(tokenKeys.connectorKey).toString("base64");
    const publicKey = await vm.exec(["sh", "-c", 'echo "$1" | wg pubkey', "sh", key]);
    assert.equal(publicKey, Buffer.from(peer.publicKey).toString("base64"));
    await configure();
    const shown = await vm.exec(["wg", "show", name, "dump"]);
    assert.equal(shown.split("\t")[1], Buffer.from(peer.peerPublicKey).toString("base64"));
  });

  await t.step("as the initiator", async () => {
    const handshake = new InitiatorHandshake(peer, {
      localIndex: LOCAL_INDEX,
      ephemeralKey: random(),
      wallClock: Date.now(),
      now: clock(),
    });
    await socket.send(vmAddress, ACCESSOR_PORT, handshake.message.toHex());
    const keys = accepted(handshake.consumeResponse(await receive(socket, RESPONSE))) ??
      assert.fail("no session");
    for (let sequence = 1; sequence <= 3; sequence++) {
      const request = echoRequest(SERVER, ACCESSOR, sequence);
      await socket.send(vmAddress, ACCESSOR_PORT, seal(keys, sequence - 1, Uint8Array.fromHex(request)));
      const reply = open(keys, await receive(socket, TRANSPORT)).toHex();
      assert.match(reply, echoReplyPattern(request));
    }
  });

  await t.step("as the responder", async () => {
    await device.set("peer", Buffer.from(peer.publicKey).toString("base64"), "remove");
    await configure();
    const mac1Lookup = new Mac1Lookup<Peer>();
    for (let other = 0; other < 100; other++) {
      mac1Lookup.add(random(), new Peer(connectorPeerKeys(tokenKeys)));
    }
    mac1Lookup.add(peer.mac1Key, peer);
    const ping = vm.run(["ping", "-c", "1", "-W", "5", SERVER]);
    const initiation = await receive(socket, INITIATION);
    assert.equal(mac1Lookup.findPeer(initiation), peer);
    const { message, keys } = respondTo(initiation);
    await socket.send(vmAddress, ACCESSOR_PORT, message.toHex());
    for (;;) {
      const packet = open(keys, await receive(socket, TRANSPORT));
      // The first transport message may be the keepalive by which the session is confirmed.
      if (packet.length === 0) continue;
      assert.equal(packet.toHex().slice(24, 40), "c0a8fb03c0a8fb02");
      await socket.send(vmAddress, ACCESSOR_PORT, seal(keys, 0, echoReply(packet)));
      break;
    }
    assert.equal((await ping).code, 0, (await ping).stdout);
  });

  await t.step("a cookie of ours comes back in mac2", async () => {
    await device.set("peer", Buffer.from(peer.publicKey).toString("base64"), "remove");
    await configure();
    const cookies = new CookieChecker(fillRandom);
    const from = Uint8Array.of(1, 2, 3, 4);
    const ping = vm.run(["ping", "-c", "1", "-W", "1", SERVER]);
    const first = await receive(socket, INITIATION);
    assert.equal(cookies.hasValidMac2(first, from, 0), false);
    await socket.send(
      vmAddress,
      ACCESSOR_PORT,
      cookies.createReply(first, peer.publicKey, from, 0).toHex(),
    );
    // It repeats its initiation after REKEY_TIMEOUT, 5 s.
    const second = await receive(socket, INITIATION, 10_000);
    assert.notEqual(readUint32(second, 4), readUint32(first, 4));
    assert.ok(cookies.hasValidMac2(second, from, 0));
    assert.equal(cookies.hasValidMac2(second, Uint8Array.of(1, 2, 3, 5), 0), false);
    assert.ok(respondTo(second));
    await ping;
  });
}, WIREGUARD_NEEDS);
