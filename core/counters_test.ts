import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES, counterNames, dropsByReason } from "./counters.ts";

Deno.test("every counter has a place of its own in the array", () => {
  assert.equal(COUNTER_BYTES, counterNames.length * 8);
  assert.deepEqual(counterNames.map((name) => Counter[name]), counterNames.map((_, index) => index));
  assert.equal(new Set(counterNames).size, counterNames.length);
});

Deno.test("drops are told by reason, all of them and nothing else", () => {
  const table = new Float64Array(COUNTER_BYTES / 8);
  table[Counter["inbound.packets"]] = 9;
  table[Counter["drop.ipv6Off"]] = 3;
  table[Counter["drop.malformed"]] = 2 ** 53;
  const drops = dropsByReason(table);
  assert.deepEqual(
    Object.keys(drops).map((reason) => `drop.${reason}`),
    counterNames.filter((name) => name.startsWith("drop.")),
  );
  assert.deepEqual(Object.entries(drops).filter(([, count]) => count > 0), [["ipv6Off", 3], [
    "malformed",
    2 ** 53,
  ]]);
});
