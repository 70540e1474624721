import assert from "node:assert/strict";
import { OnceEach } from "./log_on_change.ts";

Deno.test("the same words about a subject are news once", () => {
  const gate = new OnceEach();
  assert.equal(gate.isNews("a.conf", "line 3 is bad"), true);
  assert.equal(gate.isNews("a.conf", "line 3 is bad"), false);
  assert.equal(gate.isNews("b.conf", "line 3 is bad"), true);
  assert.equal(gate.isNews("a.conf", "line 4 is bad"), true);
  assert.equal(gate.isNews("a.conf", "line 3 is bad"), true);
});

Deno.test("a settled subject is news again", () => {
  const gate = new OnceEach();
  assert.equal(gate.settle("a.conf"), false);
  gate.isNews("a.conf", "line 3 is bad");
  assert.equal(gate.settle("a.conf"), true);
  assert.equal(gate.isNews("a.conf", "line 3 is bad"), true);
});
