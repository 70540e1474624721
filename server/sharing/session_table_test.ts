import assert from "node:assert/strict";
import { parseAddress } from "../../core/net/address.ts";
import { type AccessorSession, SessionTable } from "./session_table.ts";

const ADDRESS = parseAddress("192.168.251.3") ?? assert.fail();
const OTHER = parseAddress("192.168.251.9") ?? assert.fail();

/** A table of three slots, and what it did. */
function scene() {
  const steps: string[] = [];
  const sessions = new SessionTable({
    plane: { removeSession: (slot) => void steps.push(`remove ${slot}`) },
    slots: 3,
    onFirst: () => void steps.push("first"),
  });
  const begin = (token: string, isLegacy = false) =>
    sessions.begin(token, (slot, end): AccessorSession => ({
      slot,
      address: ADDRESS,
      isLegacy,
      handshakeAt: undefined,
      move: () => steps.push(`move ${slot}`),
      notify: () => {},
      tick: end,
      slept: () => {},
      close: () => steps.push(`close ${slot}`),
    }))?.slot;
  return { sessions, begin, take: () => steps.splice(0) };
}

Deno.test("each number is had once, and one given back comes last", () => {
  const { sessions, begin } = scene();
  assert.deepEqual([begin("a"), begin("b")], [0, 1]);
  sessions.end("a");
  assert.deepEqual([begin("c"), begin("d"), begin("e")], [2, 0, undefined]);
  assert.deepEqual([sessions.hasRoom("e"), sessions.hasRoom("d")], [false, true]);
  sessions.end("b");
  assert.equal(sessions.hasRoom("e"), true);
});

Deno.test("a session takes the place of its token's former one, and ends itself", () => {
  const { sessions, begin, take } = scene();
  begin("a");
  assert.equal(begin("a"), 1);
  assert.deepEqual(take(), ["first", "close 0", "remove 0", "first"]);
  assert.deepEqual([sessions.at(0), sessions.at(1), sessions.size], [undefined, sessions.get("a"), 1]);
  sessions.get("a")?.tick(0);
  assert.deepEqual([take(), sessions.size], [["close 1", "remove 1"], 0]);
});

Deno.test("a session ends with its token, and in plaintext when that is off; with another address it moves", () => {
  const { sessions, begin, take } = scene();
  for (const token of ["a", "b"]) begin(token);
  begin("c", true);
  take();
  const tokens = [{ name: "b", address: OTHER }, { name: "c", address: ADDRESS }];
  sessions.update(tokens, true, 0);
  assert.deepEqual(take(), ["close 0", "remove 0", "move 1"]);
  assert.equal(sessions.addressOf("b"), OTHER);
  sessions.update(tokens, false, 0);
  assert.deepEqual(take(), ["move 1", "close 2", "remove 2"]);
});
