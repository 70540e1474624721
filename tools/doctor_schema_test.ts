import assert from "node:assert/strict";
import { DOCTOR_SCHEMA_FILE, doctorSchema } from "./doctor_schema.ts";

Deno.test("docs/guide/doctor.schema.json is of this version; deno run -A tools/doctor_schema.ts writes it", async () => {
  assert.equal(await Deno.readTextFile(DOCTOR_SCHEMA_FILE), doctorSchema());
});
