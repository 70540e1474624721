import assert from "node:assert/strict";
import { countStalls } from "./echo_stalls.ts";
import { sumTurns, withClock } from "./turns.ts";

Deno.test("long round trips behind each other are one stall", () => {
  assert.equal(countStalls([100, 1500, 1400, 90, 1000, 2000]), 2);
  assert.equal(countStalls([1001, 90]), 1);
  assert.equal(countStalls([90, 1000]), 0);
});

Deno.test("the seconds that a packet loop tells of are added up", () => {
  const lines = [
    'turns {"seconds":1,"turns":10,"slow":1,"longest":0.75}',
    "12:00:00 started",
    'turns {"seconds":1.5,"turns":5,"slow":0,"longest":0.25}',
  ];
  assert.deepEqual(sumTurns(lines), { seconds: 2.5, turns: 15, slow: 1, longest: 0.75 });
  assert.equal(sumTurns(["12:00:00 started"]), undefined);
});

Deno.test("the packet loop has a wait that a clock can be put around", async () => {
  const text = await Deno.readTextFile(new URL("../dataplane/packet_loop.ts", import.meta.url));
  const timed = withClock(text);
  assert.match(timed, /^const turns = /m);
  assert.match(timed, /turns\.began = performance\.now\(\);/);
});
