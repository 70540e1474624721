import assert from "node:assert/strict";
import { hasNamespace, repositoryOf, splitTag } from "./image_name.ts";

Deno.test("the repository is the last part of a name, without registry, tag and digest", () => {
  for (const name of ["a", "a:1", "x/a", "x/a:1", "r:5000/x/a", "r:5000/a:1@sha256:ff", "a@sha256:ff"]) {
    assert.equal(repositoryOf(name), "a", name);
  }
});

Deno.test("only a name with a slash has a namespace", () => {
  assert.deepEqual(["a", "a:1", "x/a", "r:5000/a:1"].map(hasNamespace), [false, false, true, true]);
});

Deno.test("the tag follows the last colon behind the last slash, or is a digest", () => {
  assert.deepEqual(splitTag("r:5000/x/a"), { name: "r:5000/x/a", tag: "latest" });
  assert.deepEqual(splitTag("r:5000/x/a:1"), { name: "r:5000/x/a", tag: "1" });
  assert.deepEqual(splitTag("x/a:1@sha256:ff"), { name: "x/a:1", tag: "sha256:ff" });
});
