/**
 * The published schema of status documents, as a check of what a running program answers.
 *
 * @module
 */
import { Ajv } from "ajv";

const FILE = new URL("../../docs/guide/status.schema.json", import.meta.url);

/** Closes a schema: a field that it does not name is a fault. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const isClosed = "properties" in schema && !("additionalProperties" in schema);
  return { ...Object.fromEntries(entries), ...isClosed ? { additionalProperties: false } : {} };
}

/** The faults of a program's document by the part of the schema with its name; a field that is not in the schema is one. */
export async function schemaFaults(program: string, document: unknown): Promise<string[]> {
  const { oneOf }: { oneOf: { title: string }[] } = JSON.parse(await Deno.readTextFile(FILE));
  const schema = oneOf.find(({ title }) => title === program);
  if (schema === undefined) return [`the schema has no part ${program}`];
  const validate = new Ajv({ allErrors: true }).compile(closed(schema) as object);
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath}: ${message} ${JSON.stringify(params)}`
  );
}
