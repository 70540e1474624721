import assert from "node:assert/strict";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { accessorPeerKeys, connectorPeerKeys, type TokenKeys } from "../../core/token/token_keys.ts";
import { CookieChecker } from "../../core/wireguard/cookie.ts";
import { consumeInitiation, InitiatorHandshake } from "../../core/wireguard/handshake.ts";
import { SESSION_LIMITS } from "../../core/wireguard/limits.ts";
import { INITIATION, receiverIndex, RESPONSE, RESPONSE_FIELDS } from "../../core/wireguard/message.ts";
import { Peer } from "../../core/wireguard/peer.ts";
import type { Traffic } from "../../core/wireguard/peer_timers.ts";
import { endpoint } from "../../tests/literals.ts";
import { ServerSession } from "./server_session.ts";
import { accepted } from "../../core/wireguard/handshake_fixture.ts";

const KEYS: TokenKeys = {
  accessorKey: new Uint8Array(32).fill(1),
  connectorKey: new Uint8Array(32).fill(2),
  presharedKey: new Uint8Array(32).fill(3),
};
const LIMITS = { ...SESSION_LIMITS, rekeyAfterMessages: 1000 };
const PLACE = endpoint("192.0.2.1:2512");
const SOURCE = new Uint8Array(16);
const SILENT: Traffic = {
  dataSentAt: -Infinity,
  dataReceivedAt: -Infinity,
  sentAt: -Infinity,
  receivedAt: -Infinity,
  counter: 0,
};

/** A session, its server's keys, and a data plane that remembers what it was told. */
function setUp() {
  const server = new Peer(connectorPeerKeys(KEYS));
  const sent: Uint8Array<ArrayBuffer>[] = [];
  const attempts: number[] = [];
  const plane = { installed: [] as number[], expired: [] as number[], texts: [] as Uint8Array[] };
  const state = { traffic: SILENT, ready: 0, place: PLACE as Endpoint | undefined };
  const session = new ServerSession({
    peer: new Peer(accessorPeerKeys(KEYS)),
    plane: {
      installKeys: (_slot, keys) => plane.installed.push(keys.localIndex),
      expireKeys: (_slot, localIndex) => plane.expired.push(localIndex),
      sealAndSend: (_slot, text) => plane.texts.push(text),
      traffic: () => state.traffic,
    },
    resolve: (attempt) => {
      attempts.push(attempt);
      return Promise.resolve(state.place);
    },
    send: (message) => sent.push(message),
    onEstablished: () => state.ready++,
    limits: LIMITS,
  });
  /** Lets the session look for its server, and takes what it sent. */
  const taken = async () => {
    await Promise.resolve();
    await Promise.resolve();
    return sent.splice(0);
  };
  let index = 100;
  const answer = (initiation: Uint8Array, now: number) =>
    accepted(consumeInitiation(server, initiation, { localIndex: index++, ephemeralKey: random(), now }));
  const connect = async (now: number) => {
    session.handshakeNeeded(now);
    session.tick(now);
    const [initiation] = await taken();
    assert.ok(initiation);
    const response = answer(initiation, now);
    assert.ok(response);
    session.handleDatagram(response.message, SOURCE, PLACE, now);
    return response;
  };
  return { server, session, plane, state, attempts, taken, answer, connect };
}

function random(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(32));
}

Deno.test("a handshake gives keys, and the first message by them goes at once", async () => {
  const { session, plane, state, connect } = setUp();
  const { keys } = await connect(1_000);
  assert.deepEqual(plane.installed, [keys.remoteIndex]);
  assert.deepEqual(plane.texts, [new Uint8Array()]);
  assert.equal(state.ready, 1);
  assert.equal(session.handshakeAt, 1_000);
  assert.ok(session.canSend(1_000));
});

Deno.test("what is no genuine response changes nothing", async () => {
  const { session, plane, answer, taken } = setUp();
  session.handshakeNeeded(0);
  session.tick(0);
  const [initiation] = await taken();
  assert.ok(initiation);
  const response = answer(initiation, 0);
  assert.ok(response);
  // All but mac2, which only counts where a cookie was asked for.
  for (let bit = 0; bit < RESPONSE_FIELDS.mac1 * 8 + 128; bit += 41) {
    const forged = response.message.slice();
    forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ 1 << (bit & 7);
    session.handleDatagram(forged, SOURCE, PLACE, 1);
  }
  session.handleDatagram(initiation, SOURCE, PLACE, 1);
  assert.deepEqual([plane.installed, await taken()], [[], []]);
  session.handleDatagram(response.message, SOURCE, PLACE, 1);
  assert.equal(plane.installed.length, 1);
});

Deno.test("unanswered initiations follow each other after 5 s and a little, for as long as it takes", async () => {
  const { session, attempts, taken } = setUp();
  session.handshakeNeeded(0);
  let count = 0;
  // An hour, in steps of the programs' longest pause.
  for (let now = 0; now < 3_600_000; now += 1_000) {
    session.tick(now);
    count += (await taken()).length;
  }
  assert.ok(count > 3_600 / 7 && count <= 3_600 / 5, `${count} in an hour`);
  assert.deepEqual(attempts.slice(0, 3), [1, 2, 3]);
  assert.equal(attempts.length, count);
});

Deno.test("no place to send to is asked for again at the same pace", async () => {
  const { session, state, attempts, taken } = setUp();
  state.place = undefined;
  session.handshakeNeeded(0);
  session.tick(0);
  session.tick(4_000);
  assert.equal((await taken()).length, 0);
  assert.equal(attempts.length, 1);
  state.place = PLACE;
  session.tick(6_000);
  assert.equal((await taken()).length, 1);
});

Deno.test("keys in use are renewed after two minutes, and the old ones serve until they expire", async () => {
  const { session, plane, state, connect, taken, answer } = setUp();
  await connect(0);
  state.traffic = { ...SILENT, dataSentAt: 119_000, sentAt: 119_000, receivedAt: 119_001, counter: 5 };
  session.tick(119_500);
  assert.equal((await taken()).length, 0);
  state.traffic = { ...state.traffic, dataSentAt: 120_001, sentAt: 120_001, receivedAt: 120_002 };
  session.tick(120_100);
  const [initiation] = await taken();
  assert.ok(initiation);
  const response = answer(initiation, 120_200);
  assert.ok(response);
  session.handleDatagram(response.message, SOURCE, PLACE, 120_200);
  assert.equal(plane.installed.length, 2);
  assert.deepEqual(plane.expired, []);
  session.tick(180_001);
  assert.deepEqual(plane.expired, plane.installed.slice(0, 1));
  assert.ok(session.canSend(180_001));
});

Deno.test("keys are renewed after so many messages", async () => {
  const { session, state, connect, taken } = setUp();
  await connect(0);
  state.traffic = { ...SILENT, dataSentAt: 6_000, sentAt: 6_000, receivedAt: 6_000, counter: 999 };
  session.tick(6_001);
  assert.equal((await taken()).length, 0);
  state.traffic = { ...state.traffic, dataSentAt: 6_100, sentAt: 6_100, counter: 1_000 };
  session.tick(6_101);
  assert.equal((await taken()).length, 1);
});

Deno.test("a clock of the day that was set back stops no handshake", async () => {
  const { session, plane, connect, answer, taken } = setUp();
  const { now: clock } = Date;
  try {
    await connect(0);
    Date.now = () => clock() - 86_400_000;
    session.handshakeNeeded(10_000);
    session.tick(10_000);
    const [initiation] = await taken();
    assert.ok(initiation);
    const response = answer(initiation, 10_000);
    assert.ok(response, "the server takes the timestamp for a later one");
    session.handleDatagram(response.message, SOURCE, PLACE, 10_000);
    assert.equal(plane.installed.length, 2);
  } finally {
    Date.now = clock;
  }
});

Deno.test("a handshake that the server begins is answered, and its keys serve once it has used them", async () => {
  const { server, session, plane, state, taken } = setUp();
  const handshake = new InitiatorHandshake(server, {
    localIndex: 7,
    ephemeralKey: random(),
    wallClock: Date.now(),
    now: 0,
  });
  session.handleDatagram(handshake.message, SOURCE, PLACE, 0);
  const [response] = await taken();
  assert.equal(response?.[0], RESPONSE);
  assert.ok(response && accepted(handshake.consumeResponse(response)));
  const [localIndex = 0] = plane.installed;
  assert.equal(state.ready, 0);
  assert.equal(session.canSend(1), false);
  session.keyConfirmed(localIndex, 1);
  assert.equal(state.ready, 1);
  assert.ok(session.canSend(1));
  session.handleDatagram(handshake.message, SOURCE, PLACE, 100);
  assert.deepEqual(await taken(), [], "a repeated initiation gets no answer");
});

Deno.test("a cookie that the server asks for is in the next initiation", async () => {
  const { server, session, taken } = setUp();
  const cookies = new CookieChecker((octets) => void crypto.getRandomValues(octets));
  const place = new Uint8Array(6);
  session.handshakeNeeded(0);
  session.tick(0);
  const [first] = await taken();
  assert.ok(first);
  assert.equal(cookies.hasValidMac2(first, place, 0), false);
  const reply = cookies.createReply(first, server.publicKey, place, 0);
  assert.equal(receiverIndex(reply), new DataView(first.buffer).getUint32(4, true));
  session.handleDatagram(reply, SOURCE, PLACE, 1);
  session.tick(6_000);
  const [second] = await taken();
  assert.equal(second?.[0], INITIATION);
  assert.ok(second && cookies.hasValidMac2(second, place, 6_000));
});

Deno.test("nothing is left after the end", async () => {
  const { session, plane, connect, taken } = setUp();
  await connect(0);
  session.close();
  assert.deepEqual(plane.expired, plane.installed);
  session.tick(500_000);
  assert.deepEqual(await taken(), []);
  assert.equal(session.nextDeadline, Infinity);
});
