/**
 * Reading the JSON of an Engine, which may be anything.
 *
 * @module
 */

/** The fields of a JSON value; none where it is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
