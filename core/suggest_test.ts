import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance, suggest } from "./suggest.ts";

const known = ["route", "port", "proxy", "pong", "addr", "addr6", "dns"] as const;

Deno.test("a mistyped word is found", () => {
  assert.equal(suggest("rout", known), "route");
  assert.equal(suggest("ROUTE", known), "route");
  assert.equal(suggest("prot", known), "port");
  assert.equal(suggest("addr4", known), "addr");
  assert.equal(suggest("prxoy", known), "proxy");
});

Deno.test("a word that is far from all is not guessed", () => {
  assert.equal(suggest("subnet", known), undefined);
  assert.equal(suggest("d", known), undefined);
  assert.equal(suggest("x".repeat(10_000), known), undefined);
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
