import assert from "node:assert/strict";
import type { Token } from "../../core/config/config.ts";
import { parseAddress } from "../../core/net/address.ts";
import { consumeInitiation } from "../../core/wireguard/handshake.ts";
import { Handshakes } from "./handshakes.ts";
import { LegacyLogins } from "./legacy_logins.ts";
import { begin, bothEnds, PLACE, RecordedPlane, SOURCE } from "./recorded_plane_fixture.ts";
import { SessionTable } from "./session_table.ts";
import { TokenSession } from "./token_session.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { accepted } from "../../core/wireguard/handshake_fixture.ts";

const ADDRESS = parseAddress("192.168.251.3") ?? assert.fail();
const OTHER = parseAddress("192.168.251.9") ?? assert.fail();

/** The sessions of a socket with one token, and an accessor that has it. */
async function scene(slots = 2) {
  const recorded = new RecordedPlane();
  const [server, accessor] = await bothEnds("a");
  const table = new SessionTable({ plane: recorded.plane, slots, onFirst: () => {} });
  const handshakes = new Handshakes({
    plane: recorded.plane,
    peers: {
      size: 1,
      findPeer: (initiation) => respondable(initiation) ? server : undefined,
    },
    sessions: table,
    send: recorded.send,
    codec: { encode: () => SOURCE },
    texts: { texts: () => [new TextEncoder().encode("login")] },
    clock: new FakeClock(1e12),
    fillRandom: (bytes) => crypto.getRandomValues(bytes),
  });
  const session = (slot = 0) => {
    const found = table.at(slot);
    return found instanceof TokenSession ? found : undefined;
  };
  const sessions = {
    indices: handshakes.indices,
    update: (tokens: readonly Token[], now: number) => table.update(tokens, false, now),
    tick: (now: number) => table.all.forEach((session) => session.tick(now)),
    get count() {
      return table.size;
    },
  };
  sessions.update([{ name: "a", address: ADDRESS }], 0);
  const initiate = (now: number) => handshakes.handle(begin(accessor, now).message, SOURCE, PLACE, now);
  const newest = () => recorded.indices.at(-1) ?? assert.fail("no keys");
  return { recorded, accessor, table, sessions, session, handshakes, initiate, newest };
}

const respondable = (initiation: Uint8Array) => initiation.length === 148;

Deno.test("a session is told once the accessor has used its keys", async () => {
  const { recorded, sessions, initiate, newest, session } = await scene();
  initiate(0);
  assert.equal(recorded.sent[0]?.length, 92);
  assert.deepEqual(recorded.take(), ["set 0", "install 0"]);
  session()?.keyConfirmed(newest() + 1, 10);
  assert.deepEqual(recorded.take(), []);
  session()?.keyConfirmed(newest(), 10);
  assert.deepEqual(recorded.take(), ["send 0 login"]);
  for (const now of [510, 1010, 1510]) sessions.tick(now);
  assert.deepEqual(recorded.take(), ["send 0 login", "send 0 login"]);
});

Deno.test("a question is answered, not faster than ten times a second", async () => {
  const { recorded, initiate, newest, session } = await scene();
  initiate(0);
  session()?.keyConfirmed(newest(), 0);
  recorded.take();
  const question = Uint8Array.of(1, 0, 0, 0);
  for (const now of [1000, 1001, 1050, 1101]) session()?.handleText(question, now);
  assert.deepEqual(recorded.take(), ["send 0 login", "send 0 login"]);
  session()?.handleText(Uint8Array.of(2), 5000);
  session(1)?.handleText(question, 5000);
  assert.deepEqual(recorded.take(), []);
});

Deno.test("the keys before the last ones go, and all of them with time", async () => {
  const { recorded, sessions, initiate, newest, session } = await scene();
  for (const now of [0, 100_000, 200_000]) {
    initiate(now);
    session()?.keyConfirmed(newest(), now);
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
  const { recorded, sessions, initiate, newest, session } = await scene(1);
  initiate(0);
  session()?.keyConfirmed(newest(), 0);
  sessions.update([], 1);
  assert.deepEqual(recorded.take().slice(-2), ["expire 0 0", "remove 0"]);
  sessions.update([{ name: "a", address: ADDRESS }], 1);
  initiate(1000);
  assert.deepEqual(recorded.take(), ["set 0", "install 0"]);
});

Deno.test("with another address the server begins a handshake, and tells it when that is complete", async () => {
  const { recorded, accessor, sessions, initiate, handshakes, newest, session } = await scene();
  initiate(0);
  session()?.keyConfirmed(newest(), 0);
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
  const { recorded, sessions, initiate, session } = await scene();
  initiate(0);
  session()?.wantKeys(10_000);
  for (let now = 10_000; now < 200_000; now += 500) sessions.tick(now);
  const initiations = recorded.sent.filter(({ length }) => length === 148);
  assert.ok(initiations.length >= 15 && initiations.length <= 19, `${initiations.length}`);
  assert.deepEqual(recorded.take().filter((step) => step.startsWith("want")), ["want 0 again"]);
  // The data plane tells of the next packet, and it begins again.
  session()?.wantKeys(200_000);
  assert.equal(recorded.sent.filter(({ length }) => length === 148).length, initiations.length + 1);
});

Deno.test("an accessor that is away when it gets another address does not keep its slot for ever", async () => {
  const { sessions, initiate, newest, session } = await scene(1);
  initiate(0);
  session()?.keyConfirmed(newest(), 0);
  sessions.update([{ name: "a", address: OTHER }], 1000);
  for (let now = 1000; now < 640_000; now += 500) sessions.tick(now);
  assert.equal(sessions.count, 0);
});

Deno.test("keys age while the machine sleeps", async () => {
  const { recorded, sessions, initiate, newest, session } = await scene();
  initiate(0);
  session()?.keyConfirmed(newest(), 0);
  sessions.tick(60_000);
  recorded.take();
  session()?.slept(100_000);
  sessions.tick(60_500);
  session()?.slept(20_000);
  assert.ok(!recorded.take().includes("expire 0 0"));
  sessions.tick(61_000);
  assert.ok(recorded.take().includes("expire 0 0"));
  assert.equal(session()?.canSend(61_000), false);
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

Deno.test("a login in clear takes the place of a session that is not alive, and a handshake that of a login", async () => {
  const { recorded, table, sessions, session, initiate, newest } = await scene();
  const texts = { wholeText: () => new Uint8Array() };
  const logins = new LegacyLogins({ plane: recorded.plane, sessions: table, send: recorded.send, texts });
  logins.update([{ name: "a", address: ADDRESS }], true);
  const login = (now: number) => logins.take(new TextEncoder().encode("\x01a"), SOURCE, PLACE, now);
  initiate(0);
  session()?.keyConfirmed(newest(), 0);
  login(1000);
  assert.deepEqual([table.get("a"), logins.refusals.count], [session(), 1]);
  login(200_000);
  assert.deepEqual([sessions.count, table.get("a")?.isLegacy, sessions.indices.size], [1, true, 0]);
  initiate(201_000);
  assert.deepEqual([sessions.count, table.get("a")?.isLegacy], [1, false]);
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
