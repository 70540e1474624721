import assert from "node:assert/strict";
import type { PathSink } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";
import type { EnginePath } from "./path/engine_path.ts";
import { StreamTurns, Turn } from "./stream_turns.ts";

/** Turns over a stream and an interface that the test plays; the calls are noted. */
function scene(state: { isOpen?: boolean; hasTun?: boolean; mayRead?: boolean; answers?: boolean } = {}) {
  const told: string[] = [];
  const engine = {
    drain: () => {
      told.push("stream");
      return state.isOpen !== false;
    },
    grantCredit: () => void told.push("credit"),
  } as unknown as EnginePath;
  const outbound = {
    path: engine,
    get mayRead() {
      return state.mayRead !== false;
    },
    get hasRead() {
      return state.answers === true;
    },
    drain: () => {
      told.push("tun");
      return state.hasTun !== false;
    },
  } as unknown as Outbound;
  const turns = new StreamTurns(engine, outbound);
  return {
    state,
    turns,
    told,
    take: (stream: boolean, tun: boolean) => {
      told.length = 0;
      const turn = turns.take({} as PathSink, stream, tun);
      return [turn, ...told];
    },
  };
}

Deno.test("what is ready is taken, the stream first, and the credit goes last", () => {
  const { take } = scene();
  assert.deepEqual(take(false, false), [Turn.Done]);
  assert.deepEqual(take(false, true), [Turn.Done, "tun"]);
  assert.deepEqual(take(true, false), [Turn.Done, "stream", "credit"]);
  assert.deepEqual(take(true, true), [Turn.Done, "stream", "tun", "credit"]);
});

Deno.test("where the interface answers what came by the stream, it is read at once, until it does not", () => {
  const { state, take } = scene();
  for (let round = 0; round < 4; round++) {
    assert.deepEqual(take(true, false), [Turn.Done, "stream", "credit"], `${round}`);
    assert.deepEqual(take(false, true), [Turn.Done, "tun"]);
  }
  state.answers = true;
  for (let round = 0; round < 9; round++) {
    assert.deepEqual(take(true, false), [Turn.Done, "stream", "tun", "credit"], `${round}`);
  }
  state.answers = false;
  // It has been right eight times: the second time in vain is the last one.
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(take(true, false), [Turn.Done, "stream", "tun", "credit"], `${round}`);
  }
  assert.deepEqual(take(true, false), [Turn.Done, "stream", "credit"]);
});

Deno.test("the interface is not read while the path takes nothing, and its end and the stream's are told", () => {
  assert.deepEqual(scene({ mayRead: false }).take(true, true), [Turn.Done, "stream", "credit"]);
  assert.deepEqual(scene({ isOpen: false }).take(true, true), [Turn.StreamEnded, "stream"]);
  assert.deepEqual(scene({ hasTun: false }).take(false, true), [Turn.TunGone, "tun"]);
});
