import assert from "node:assert/strict";
import { countBetween } from "./darwin_calls.ts";

Deno.test("only calls of the packet loop since the first record count", () => {
  const before = new Map([["poll", { calls: 10, messages: 0 }], ["socket", { calls: 1, messages: 0 }]]);
  const after = new Map([
    ["poll", { calls: 13, messages: 0 }],
    ["socket", { calls: 9, messages: 0 }],
    ["sendmsg_x", { calls: 2, messages: 100 }],
    ["sosendcheck", { calls: 100, messages: 0 }],
  ]);
  assert.deepEqual(countBetween(before, after), {
    calls: 5,
    packets: 100,
    byCall: [{ call: "poll", calls: 3, packets: 0 }, { call: "sendmsg_x", calls: 2, packets: 100 }],
  });
});
