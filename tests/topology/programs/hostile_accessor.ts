/**
 * Hostile datagrams for an exposed socket, from somebody who has a token: `hostile_accessor.ts HOST PORT TOKEN ADDRESS TARGET`,
 * ADDRESS being the token's virtual address and TARGET one that it may reach. Each line on standard input is carried out and
 * answered by a line of JSON:
 *
 * - `initiations COUNT RATE`: half of them with a valid mac1, RATE a second
 * - `datagrams COUNT`: messages of its own session, replayed, cut, changed, re-ordered and forged, as fast as they go
 * - `echo`: a handshake, and whether a packet to TARGET comes back
 *
 * @module
 */
import { createSocket } from "node:dgram";
import process from "node:process";
import { createInterface } from "node:readline";
import { accessorPeerKeys, deriveTokenKeys } from "../../../core/token/token_keys.ts";
import { InitiatorHandshake, type TransportKeys } from "../../../core/wireguard/handshake.ts";
import { writeUint32 } from "../../../core/wireguard/message.ts";
import { Peer } from "../../../core/wireguard/peer.ts";
import { scrypt } from "../../../system/process/scrypt.ts";
import { echoRequest } from "../echo_packet.ts";
import { openMessage, sealMessage } from "../transport_message.ts";
import { accepted } from "../../../core/wireguard/handshake_fixture.ts";

/** Datagrams that are under way at a time. */
const BURST = 64;
/** Messages of the session that are made beforehand, since sealing takes longer than sending. */
const CORPUS = 2048;

const [host = "", port = "", token = "", address = "", target = ""] = Deno.args;
const peer = new Peer(accessorPeerKeys(await deriveTokenKeys(token, scrypt)));
const socket = createSocket({ type: "udp4", sendBufferSize: 1 << 22, recvBufferSize: 1 << 22 });
await new Promise<void>((resolve) => socket.bind(0, resolve));
let session: TransportKeys | undefined;
let counter = 0;

function send(bytes: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.send(bytes, Number(port), host, () => resolve());
  return promise;
}

async function sendAll(count: number, make: (index: number) => Uint8Array, rate = Infinity): Promise<void> {
  const start = performance.now();
  for (let sent = 0; sent < count;) {
    const burst: Promise<void>[] = [];
    for (; burst.length < BURST && sent < count; sent++) burst.push(send(make(sent)));
    await Promise.all(burst);
    const ahead = sent / rate * 1000 - (performance.now() - start);
    if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
  }
}

function begin(): InitiatorHandshake {
  const ephemeralKey = crypto.getRandomValues(new Uint8Array(32));
  const now = performance.now();
  return new InitiatorHandshake(peer, {
    localIndex: 1 + Math.floor(now),
    ephemeralKey,
    wallClock: Date.now(),
    now,
  });
}

const received: Uint8Array[] = [];
let arrived = Promise.withResolvers<void>();
socket.on("message", (bytes) => {
  // The answers to hostile messages are of no use.
  if (received.length < 256) received.push(new Uint8Array(bytes));
  arrived.resolve();
});

/** The next message of one of these types; undefined when none comes in time. */
async function receive(types: readonly number[], milliseconds: number): Promise<Uint8Array | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), milliseconds);
  try {
    for (;;) {
      const bytes = received.shift();
      if (bytes !== undefined && types.includes(bytes[0] ?? 0)) return bytes;
      if (bytes !== undefined) continue;
      arrived = Promise.withResolvers();
      if (await Promise.race([arrived.promise, late]) === "late") return undefined;
    }
  } finally {
    clearTimeout(timer);
  }
}

const seal = (text: string, by: TransportKeys, at = counter++) =>
  Uint8Array.fromHex(sealMessage({ key: by.send.toHex(), index: by.remoteIndex }, at, text));

/** Under load the server wants its cookie back first, so this is repeated. */
async function shakeHands(): Promise<TransportKeys> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const handshake = begin();
    received.length = 0;
    await send(handshake.message);
    const message = await receive([2, 3], 1000);
    if (message?.[0] === 3) peer.cookieGenerator.consumeReply(message, performance.now());
    const keys = message?.[0] === 2 ? accepted(handshake.consumeResponse(message)) : undefined;
    if (keys === undefined) continue;
    counter = 0;
    return session = keys;
  }
  throw new Error("no handshake in 20 attempts");
}

async function echo(): Promise<boolean> {
  const keys = await shakeHands();
  const request = echoRequest(address, target, 1);
  const wanted = target.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0")).join("");
  await send(seal(request, keys));
  for (;;) {
    const message = await receive([4], 5000);
    if (message === undefined) return false;
    const { text } = openMessage({ key: keys.receive.toHex(), index: keys.localIndex }, message.toHex());
    if (text.startsWith("45") && text.slice(24, 32) === wanted) return true;
  }
}

async function initiations(count: number, rate: number): Promise<void> {
  const genuine = begin().message;
  await sendAll(count, (index) => {
    const message = genuine.slice();
    writeUint32(message, 4, 1 + index);
    crypto.getRandomValues(message.subarray(40, 88));
    // Every second one has a valid mac1, as only somebody with the token can make it.
    if (index % 2 === 0) peer.cookieGenerator.addMacs(message, performance.now());
    return message;
  }, rate);
}

async function datagrams(count: number): Promise<void> {
  const keys = session ?? await shakeHands();
  const request = echoRequest(address, target, 2);
  const corpus = Array.from({ length: CORPUS }, () => seal(request, keys));
  const random = (below: number) => Math.floor(Math.random() * below);
  await sendAll(count, (index) => {
    // In the wrong order: each is new once, and a replay from then on.
    const message = corpus[(index * 769) % CORPUS] ?? new Uint8Array();
    switch (index % 5) {
      case 0:
        return message;
      case 1:
        return message.subarray(0, random(message.length));
      case 2: {
        const changed = message.slice();
        const at = random(changed.length);
        changed[at] = (changed[at] ?? 0) ^ 1 << random(8);
        return changed;
      }
      case 3: {
        const forged = message.slice();
        crypto.getRandomValues(forged.subarray(4, 12));
        return forged;
      }
      default: {
        const forged = crypto.getRandomValues(message.slice());
        forged.set(message.subarray(0, 8));
        return forged;
      }
    }
  });
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [command = "", first = "", second = ""] = line.split(" ");
  const start = performance.now();
  const result = command === "echo"
    ? await echo()
    : command === "initiations"
    ? await initiations(Number(first), Number(second))
    : await datagrams(Number(first));
  console.log(JSON.stringify({ command, result: result ?? null, milliseconds: performance.now() - start }));
}
socket.close();
