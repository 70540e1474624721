import assert from "node:assert/strict";
import fc from "fast-check";
import { SourceTable } from "./session_sources.ts";

Deno.test("a source is known while a session is there, and for ten minutes after", () => {
  const table = new SourceTable(4);
  assert.equal(table.knows(7, 0), false);
  table.set(2, 7, 0);
  assert.equal(table.find(7), 2);
  assert.equal(table.knows(7, 1e9), true);
  table.set(2, 8, 1000);
  assert.equal(table.find(7), -1);
  assert.equal(table.find(8), 2);
  assert.equal(table.knows(7, 600_999), true);
  assert.equal(table.knows(7, 601_000), false);
  table.delete(2, 2000);
  assert.equal(table.find(8), -1);
  assert.equal(table.knows(8, 2001), true);
  assert.equal(table.knows(9, 2001), false);
});

Deno.test("of sessions with one hash, one that is there is found", () => {
  const slot = fc.nat({ max: 7 });
  const step = fc.record({ slot, hash: fc.option(fc.nat({ max: 5 }), { nil: undefined }) });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const table = new SourceTable(8);
    const model = new Map<number, number>();
    for (const { slot, hash } of steps) {
      if (hash === undefined) {
        table.delete(slot, 0);
        model.delete(slot);
      } else {
        table.set(slot, hash, 0);
        model.set(slot, hash);
      }
      for (let value = 0; value <= 5; value++) {
        const at = [...model].filter(([, other]) => other === value).map(([session]) => session);
        const found = table.find(value);
        assert.ok(at.length === 0 ? found === -1 : at.includes(found));
      }
    }
  }));
});
