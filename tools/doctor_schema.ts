/**
 * `deno run -A tools/doctor_schema.ts`: writes docs/guide/doctor.schema.json, the JSON Schema of `docker-connector doctor --json`.
 *
 * @module
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import { DOCTOR_DOCUMENT } from "../server/doctor/doctor_document.ts";

/** The file in the repository. */
export const DOCTOR_SCHEMA_FILE = new URL("../docs/guide/doctor.schema.json", import.meta.url);

/** The text of the file. */
export function doctorSchema(): string {
  const { $schema, ...rest } = toJsonSchema(DOCTOR_DOCUMENT, { ignoreActions: ["readonly"] });
  const schema = { $schema, title: "What `docker-connector doctor --json` prints", ...rest };
  return `${JSON.stringify(schema, undefined, 1)}\n`;
}

if (import.meta.main) await Deno.writeTextFile(DOCTOR_SCHEMA_FILE, doctorSchema());
