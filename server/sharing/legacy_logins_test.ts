import assert from "node:assert/strict";
import type { Token } from "../../core/config/config.ts";
import { parseAddress } from "../../core/net/address.ts";
import { parseEndpoint } from "../../core/net/endpoint.ts";
import { LegacyLogins, TokenIndex } from "./legacy_logins.ts";
import { PLACE, RecordedPlane, SOURCE } from "./recorded_plane_fixture.ts";
import { SessionTable } from "./session_table.ts";

const token = (name: string, address: string) => ({
  name,
  address: parseAddress(address) ?? assert.fail(address),
});
const [anna, bert] = [token("anna-1", "192.168.251.3"), token("b\u00e9rt", "192.168.251.4")];
const octets = (text: string) => new TextEncoder().encode(text);

Deno.test("a login finds its token, and nothing else does", () => {
  const book = new TokenIndex();
  book.update([anna, bert]);
  assert.equal(book.find(octets("\x01anna-1")), anna);
  assert.equal(book.find(octets("\x01b\u00e9rt")), bert);
  for (const login of ["anna-1", "\x01", "\x01anna-", "\x01anna-1\0", "\x01Anna-1", "\x00anna-1", ""]) {
    assert.equal(book.find(octets(login)), undefined, JSON.stringify(login));
  }
  book.update([bert]);
  assert.equal(book.find(octets("\x01anna-1")), undefined);
});

/** The logins of a socket with one slot, and what they cause. */
function scene() {
  const recorded = new RecordedPlane();
  const { plane, send } = recorded;
  const sessions = new SessionTable({ plane, slots: 1, onFirst: () => {} });
  const logins = new LegacyLogins({ plane, sessions, send, texts: { wholeText: () => Uint8Array.of(7) } });
  const update = (tokens: readonly Token[], isOn = true) => {
    logins.update(tokens, isOn);
    sessions.update(tokens, isOn, 0);
  };
  /** What a datagram is answered with. */
  const take = (text: string, from = PLACE, now = 0) => {
    logins.take(octets(text), SOURCE, from, now);
    return recorded.sent.splice(0).map((octets) => octets[0]);
  };
  return { recorded, sessions, logins, update, take };
}

Deno.test("a login in clear has a session where its token came from, until that is over", () => {
  const { recorded, sessions, update, take } = scene();
  const other = parseEndpoint("192.0.2.8:51820") ?? assert.fail();
  update([anna]);
  assert.deepEqual([take("\x01anna-1"), take("\x01anna-1")], [[7], [7]]);
  assert.deepEqual(recorded.take(), ["set 0"]);
  assert.deepEqual(take("\x01anna-1", other), [7]);
  assert.deepEqual(recorded.take(), ["remove 0", "set 0"]);
  sessions.get("anna-1")?.tick(180_000);
  assert.equal(sessions.size, 1);
  sessions.get("anna-1")?.tick(180_001);
  assert.deepEqual([recorded.take(), sessions.size], [["remove 0"], 0]);
});

Deno.test("a session in clear ends with its address, and when such logins are off", () => {
  const { sessions, update, take } = scene();
  for (const tokens of [[], [{ ...anna, address: bert.address }]]) {
    update([anna]);
    take("\x01anna-1");
    assert.equal(sessions.size, 1);
    update(tokens);
    assert.equal(sessions.size, 0);
  }
  update([anna]);
  take("\x01anna-1");
  update([anna], false);
  assert.equal(sessions.size, 0);
});

Deno.test("what is no login is answered only where there are some, and a refused one never", () => {
  const { logins, update, take } = scene();
  assert.deepEqual([take("\x01anna-1"), take("E"), take("\x01\0")], [[], [], []]);
  assert.deepEqual([logins.refusals.count, logins.malformed], [1, 2]);
  update([anna, bert]);
  assert.deepEqual([take("\x01anna"), take("E"), take("\x01\0")], [[], [2], []]);
  assert.deepEqual([take("\x01anna-1"), take("\x01b\u00e9rt")], [[7], []], "there is one slot");
  assert.deepEqual([logins.refusals.count, logins.malformed], [3, 3]);
});
