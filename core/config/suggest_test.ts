import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance, nearestWord } from "./suggest.ts";

const known = ["route", "port", "proxy", "pong", "addr", "addr6", "dns"] as const;

Deno.test("a mistyped word is found", () => {
  assert.equal(nearestWord("rout", known), "route");
  assert.equal(nearestWord("ROUTE", known), "route");
  assert.equal(nearestWord("prot", known), "port");
  assert.equal(nearestWord("addr4", known), "addr");
  assert.equal(nearestWord("prxoy", known), "proxy");
});

Deno.test("a word that is far from all is not guessed", () => {
  assert.equal(nearestWord("subnet", known), undefined);
  assert.equal(nearestWord("d", known), undefined);
  assert.equal(nearestWord("x".repeat(10_000), known), undefined);
});

Deno.test("the distance is one for each letter added, dropped, replaced or swapped", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => {
    assert.equal(editDistance(a, a), 0);
    assert.equal(editDistance(a, b), editDistance(b, a));
    assert.equal(editDistance("", a), a.length);
    assert(editDistance(a, b) >= Math.abs(a.length - b.length));
    assert(editDistance(a, b) <= Math.max(a.length, b.length));
    assert.equal(editDistance(a + b, a + "#" + b), 1);
  }));
  assert.equal(editDistance("ab", "ba"), 1);
  assert.equal(editDistance("kitten", "sitting"), 3);
});
