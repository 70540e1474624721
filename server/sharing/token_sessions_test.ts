import assert from "node:assert/strict";
import { parseAddress } from "../../core/net/address.ts";
import { consumeInitiation } from "../../core/wireguard/responder.ts";
import { Handshakes } from "./handshakes.ts";
import { begin, bothEnds, PLACE, RecordedPlane, SOURCE } from "./recorded_plane_fixture.ts";
import { SlotPool } from "./slot_pool.ts";
import { TokenSessions } from "./token_sessions.ts";
import { accepted } from "../../core/wireguard/handshake_fixture.ts";

const ADDRESS = parseAddress("192.168.251.3") ?? assert.fail();
const OTHER = parseAddress("192.168.251.9") ?? assert.fail();

/** The sessions of a socket with one token, and an accessor that has it. */
async function scene(slots = 2) {
  const recorded = new RecordedPlane();
  const [server, accessor] = await bothEnds("a");
  const tokens = [{ name: "a", address: ADDRESS }];
  const pool = new SlotPool(slots);
  const sessions = new TokenSessions({
    plane: recorded.plane,
    send: recorded.send,
    encode: () => SOURCE,
    pool,
    texts: () => [new TextEncoder().encode("login")],
    addressOf: (token) => tokens.find(({ name }) => name === token)?.address,
    onFirst: () => {},
  });
  const handshakes = new Handshakes({
    peers: {
      size: 1,
      findPeer: (initiation) => respondable(initiation) ? server : undefined,
    },
    indices: sessions.indices,
    send: recorded.send,
    hasRoom: () => sessions.has("a") || pool.hasFree,
    sessionOf: (of, source) => sessions.sessionOf(of, source),
  }, 0);
  const initiate = (now: number) => handshakes.handle(begin(accessor, now).message, SOURCE, PLACE, now);
  const newest = () => recorded.indices.at(-1) ?? assert.fail("no keys");
  return { recorded, accessor, server, sessions, handshakes, initiate, newest, tokens };
}

const respondable = (initiation: Uint8Array) => initiation.length === 148;

Deno.test("a session is told once the accessor has used its keys", async () => {
  const { recorded, sessions, initiate, newest } = await scene();
  initiate(0);
  assert.equal(recorded.sent[0]?.length, 92);
  assert.deepEqual(recorded.take(), ["set 0", "install 0"]);
  sessions.keyConfirmed(0, newest() + 1, 10);
  assert.deepEqual(recorded.take(), []);
  sessions.keyConfirmed(0, newest(), 10);
  assert.deepEqual(recorded.take(), ["send 0 login"]);
  for (const now of [510, 1010, 1510]) sessions.tick(now);
  assert.deepEqual(recorded.take(), ["send 0 login", "send 0 login"]);
});

Deno.test("a question is answered, not faster than ten times a second", async () => {
  const { recorded, sessions, initiate, newest } = await scene();
  initiate(0);
  sessions.keyConfirmed(0, newest(), 0);
  recorded.take();
  const question = Uint8Array.of(1, 0, 0, 0);
  for (const now of [1000, 1001, 1050, 1101]) sessions.handleText(0, question, now);
  assert.deepEqual(recorded.take(), ["send 0 login", "send 0 login"]);
  sessions.handleText(0, Uint8Array.of(2), 5000);
  sessions.handleText(1, question, 5000);
  assert.deepEqual(recorded.take(), []);
});

Deno.test("the keys before the last ones go, and all of them with time", async () => {
  const { recorded, sessions, initiate, newest } = await scene();
  for (const now of [0, 100_000, 200_000]) {
    initiate(now);
    sessions.keyConfirmed(0, newest(), now);
    sessions.tick(now + 1);
  }
  const steps = recorded.take().filter((step) => step.startsWith("expire"));
  assert.deepEqual(steps, ["expire 0 0"]);
  sessions.tick(290_000);
  assert.deepEqual(recorded.take().filter((step) => step.startsWith("expire")), ["expire 0 1"]);
  sessions.tick(200_000 + 3 * 180_000);
  assert.deepEqual(recorded.take().slice(-2), ["expire 0 2", "remove 0"]);
  assert.deepEqual([sessions.count, sessions.indices.size], [0, 0]);
});

Deno.test("a removed token ends its session, its slot serves the next", async () => {
  const { recorded, sessions, initiate, newest } = await scene(1);
  initiate(0);
  sessions.keyConfirmed(0, newest(), 0);
  sessions.update([], 1);
  assert.deepEqual(recorded.take().slice(-2), ["expire 0 0", "remove 0"]);
  initiate(1000);
  assert.deepEqual(recorded.take(), ["set 0", "install 0"]);
});

Deno.test("with another address the server begins a handshake, and tells it when that is complete", async () => {
  const { recorded, accessor, sessions, initiate, handshakes, newest } = await scene();
  initiate(0);
  sessions.keyConfirmed(0, newest(), 0);
  recorded.take();
  sessions.update([{ name: "a", address: OTHER }], 1000);
  assert.deepEqual(recorded.take(), ["expire 0 0", "set 0"]);
  const input = { localIndex: 78, ephemeralKey: crypto.getRandomValues(new Uint8Array(32)), now: 1000 };
  const response = accepted(consumeInitiation(accessor, recorded.sent.at(-1) ?? assert.fail(), input)) ??
    assert.fail("no initiation");
  handshakes.handle(response.message, SOURCE, PLACE, 1001);
  assert.deepEqual(recorded.take(), ["install 0", "send 0 login"]);
  handshakes.handle(response.message, SOURCE, PLACE, 1002);
  assert.deepEqual(recorded.take(), []);
});

Deno.test("data that waits for keys begins a handshake, repeated every 5 s for 90 s", async () => {
  const { recorded, sessions, initiate } = await scene();
  initiate(0);
  sessions.handshakeNeeded(0, 10_000);
  for (let now = 10_000; now < 200_000; now += 500) sessions.tick(now);
  const initiations = recorded.sent.filter(({ length }) => length === 148);
  assert.ok(initiations.length >= 15 && initiations.length <= 19, `${initiations.length}`);
  assert.deepEqual(recorded.take().filter((step) => step.startsWith("want")), ["want 0 again"]);
  // The data plane tells of the next packet, and it begins again.
  sessions.handshakeNeeded(0, 200_000);
  assert.equal(recorded.sent.filter(({ length }) => length === 148).length, initiations.length + 1);
});

Deno.test("an accessor that is away when it gets another address does not keep its slot for ever", async () => {
  const { sessions, initiate, newest } = await scene(1);
  initiate(0);
  sessions.keyConfirmed(0, newest(), 0);
  sessions.update([{ name: "a", address: OTHER }], 1000);
  for (let now = 1000; now < 640_000; now += 500) sessions.tick(now);
  assert.equal(sessions.count, 0);
});

Deno.test("keys age while the machine sleeps", async () => {
  const { recorded, sessions, initiate, newest } = await scene();
  initiate(0);
  sessions.keyConfirmed(0, newest(), 0);
  sessions.tick(60_000);
  recorded.take();
  sessions.slept(100_000);
  sessions.tick(60_500);
  sessions.slept(20_000);
  assert.ok(!recorded.take().includes("expire 0 0"));
  sessions.tick(61_000);
  assert.ok(recorded.take().includes("expire 0 0"));
  assert.equal(sessions.all[0]?.canSend(61_000), false);
});

Deno.test("under load an answer is a cookie, and the handshake follows when it comes back", async () => {
  const { recorded, accessor, handshakes, initiate } = await scene();
  for (let count = 0; count < 300; count++) initiate(count / 10);
  assert.ok(handshakes.counts.cookies >= 199, JSON.stringify(handshakes.counts));
  const last = begin(accessor, 1000);
  handshakes.handle(last.message, SOURCE, PLACE, 1000);
  const cookie = recorded.sent.at(-1) ?? assert.fail();
  assert.equal(cookie.length, 64);
  assert.ok(accessor.cookieGenerator.consumeReply(cookie, 1001));
  const before = handshakes.counts.answered;
  handshakes.handle(begin(accessor, 1002).message, SOURCE, PLACE, 1002);
  assert.equal(handshakes.counts.answered, before + 1);
});

Deno.test("without room for a session there is no answer, and nothing is held", async () => {
  const { recorded, sessions, handshakes, initiate } = await scene(0);
  initiate(0);
  assert.deepEqual([recorded.sent.length, handshakes.counts.shed, sessions.indices.size], [0, 1, 0]);
});

Deno.test("forged initiations and responses change nothing", async () => {
  const { recorded, accessor, sessions, handshakes } = await scene();
  const forged = begin(accessor, 0).message;
  forged[60] = (forged[60] ?? 0) ^ 1;
  handshakes.handle(forged, SOURCE, PLACE, 0);
  const response = new Uint8Array(92);
  response[0] = 2;
  handshakes.handle(response, SOURCE, PLACE, 0);
  assert.deepEqual([recorded.sent.length, recorded.take().length, sessions.count], [0, 0, 0]);
  assert.deepEqual([handshakes.counts.refused, sessions.indices.size], [1, 0]);
});
