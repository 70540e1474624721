/**
 * `deno run -A tools/status_schema.ts`: writes docs/guide/status.schema.json, the JSON Schema of the status documents of the
 * three programs.
 *
 * @module
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { ACCESSOR_STATUS } from "../accessor/status/status_document.ts";
import { CLIENT_STATUS } from "../client/status/status_document.ts";
import { SERVER_STATUS } from "../server/status/status_document.ts";

/** The file in the repository. */
export const SCHEMA_FILE = new URL("../docs/guide/status.schema.json", import.meta.url);

function jsonSchema(title: string, schema: v.GenericSchema): object {
  const { $schema: _, ...rest } = toJsonSchema(schema, { ignoreActions: ["readonly"] });
  return { title, ...rest };
}

/** The text of the file. */
export function statusSchema(): string {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "What `GET /v1/status` of a program answers",
    oneOf: [
      jsonSchema("docker-connector", SERVER_STATUS),
      jsonSchema("docker-connector-client", CLIENT_STATUS),
      jsonSchema("docker-accessor", ACCESSOR_STATUS),
    ],
  };
  return `${JSON.stringify(schema, undefined, 1)}\n`;
}

if (import.meta.main) await Deno.writeTextFile(SCHEMA_FILE, statusSchema());
