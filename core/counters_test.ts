import assert from "node:assert/strict";
import { Counter, COUNTER_BYTES, COUNTERS, DROPS, dropsByReason, SESSION_COUNTER_BYTES } from "./counters.ts";

const names = Object.keys(COUNTERS);

Deno.test("every counter has a place of its own in the array, those of the tunnel first", () => {
  const tunnel = Object.keys(COUNTERS).slice(0, COUNTER_BYTES / 8);
  assert.equal(SESSION_COUNTER_BYTES, names.length * 8);
  assert.deepEqual(Object.entries(Counter), names.map((name, index) => [name, index]));
  assert.ok(tunnel.includes("drop.controlQueueFull") && !tunnel.includes("drop.unknownIndex"));
});

Deno.test("drops are told by reason, all of them and nothing else", () => {
  for (const bytes of [COUNTER_BYTES, SESSION_COUNTER_BYTES]) {
    const table = new Float64Array(bytes / 8);
    table[Counter["inbound.packets"]] = 9;
    table[Counter["drop.ipv6Off"]] = 3;
    table[Counter["drop.malformed"]] = 2 ** 53;
    const drops = dropsByReason(table);
    assert.deepEqual(
      Object.keys(drops).map((reason) => `drop.${reason}`),
      names.slice(0, table.length).filter((name) => name.startsWith("drop.")),
    );
    assert.deepEqual(Object.entries(drops).filter(([, count]) => count > 0), [["ipv6Off", 3], [
      "malformed",
      2 ** 53,
    ]]);
  }
});

Deno.test("docs/guide/troubleshooting.md has a row for each reason to drop", async () => {
  const text = await Deno.readTextFile(new URL("../docs/guide/troubleshooting.md", import.meta.url));
  for (const [reason, { unit, label }] of Object.entries(DROPS)) {
    assert.ok(text.includes(`\n| \`${reason}\` | ${unit} | ${label} |\n`), reason);
  }
});
