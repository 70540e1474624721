import assert from "node:assert/strict";
import { chooseApiVersion } from "./api_version.ts";

Deno.test("the newest version that both know is spoken", () => {
  assert.equal(chooseApiVersion("1.41", "1.12"), "1.41", "Engine 20.10");
  assert.equal(chooseApiVersion("1.24"), "1.24");
  assert.equal(chooseApiVersion("1.43", "1.24"), "1.43");
  assert.equal(chooseApiVersion("1.52", "1.44"), "1.44", "Engine 29");
});

Deno.test("an Engine that has dropped all known versions is spoken to in its oldest", () => {
  assert.equal(chooseApiVersion("1.70", "1.60"), "1.60");
  assert.equal(chooseApiVersion("2.3", "2.0"), "2.0");
});

Deno.test("an Engine that is too old, or says nothing sensible, is not spoken to", () => {
  assert.equal(chooseApiVersion("1.9", "1.1"), undefined);
  for (const text of ["", "1", "1.41.0", "v1.41", "1.x", "1.41/../../containers", "-1.5"]) {
    assert.equal(chooseApiVersion(text), undefined, text);
    assert.equal(chooseApiVersion("1.41", text), undefined, text);
  }
});
