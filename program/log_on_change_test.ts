import assert from "node:assert/strict";
import { LogOnChange } from "./log_on_change.ts";

Deno.test("LogOnChange: the same message about a subject is logged once", () => {
  const gate = new LogOnChange();
  assert.equal(gate.changed("a.conf", "line 3 is bad"), true);
  assert.equal(gate.changed("a.conf", "line 3 is bad"), false);
  assert.equal(gate.changed("b.conf", "line 3 is bad"), true);
  assert.equal(gate.changed("a.conf", "line 4 is bad"), true);
  assert.equal(gate.changed("a.conf", "line 3 is bad"), true);
});

Deno.test("LogOnChange: a cleared subject is logged again", () => {
  const gate = new LogOnChange();
  assert.equal(gate.clear("a.conf"), false);
  gate.changed("a.conf", "line 3 is bad");
  assert.equal(gate.clear("a.conf"), true);
  assert.equal(gate.changed("a.conf", "line 3 is bad"), true);
});
