import assert from "node:assert/strict";
import { SCHEMA_FILE, statusSchema } from "./status_schema.ts";

Deno.test("docs/guide/status.schema.json is of this version; deno run -A tools/status_schema.ts writes it", async () => {
  assert.equal(await Deno.readTextFile(SCHEMA_FILE), statusSchema());
});
