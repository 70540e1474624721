import assert from "node:assert/strict";
import { commitOf } from "./machine.ts";

Deno.test("the commit is read from what --version prints", () => {
  assert.equal(commitOf("docker-connector 0.1.0 (commit 2b17ec8a27, deno 2.4.2)"), "2b17ec8a27");
  assert.equal(commitOf("docker-connector 0.1.0 (commit 2b17ec8a27-dirty, deno 2.4.2)"), "2b17ec8a27-dirty");
  assert.equal(commitOf("docker-connector 0.1.0"), "");
});
