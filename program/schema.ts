/**
 * Checks that JSON from another process has the form that is about to be relied on.
 *
 * @module
 */

/** The form of a JSON value: a type, an object's required fields, or a test. Other fields are let pass. */
export type Shape =
  | "string"
  | "number"
  | "boolean"
  | ((value: unknown) => boolean)
  | { readonly [field: string]: Shape };

/**
 * Whether a value has a form.
 *
 * @param value any JSON value
 * @param shape the form
 */
export function hasShape(value: unknown, shape: Shape): boolean {
  const type: string = typeof value;
  if (typeof shape === "string") return type === shape;
  if (typeof shape === "function") return shape(value);
  const fields = isObject(value) ? value : undefined;
  return fields !== undefined &&
    Object.entries(shape).every(([name, field]) => hasShape(fields[name], field));
}

/** The form, or null. */
export function orNull(shape: Shape): Shape {
  return (value) => value === null || hasShape(value, shape);
}

/** The form, or nothing at all. */
export function orAbsent(shape: Shape): Shape {
  return (value) => value === undefined || hasShape(value, shape);
}

/** An array of the form. */
export function listOf(shape: Shape): Shape {
  return (value) => Array.isArray(value) && value.every((item) => hasShape(item, shape));
}

/** An object all of whose fields have the form. */
export function recordOf(shape: Shape): Shape {
  return (value) => isObject(value) && Object.values(value).every((item) => hasShape(item, shape));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
