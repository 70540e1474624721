/**
 * Schemas shared by the readers of the Docker Engine's JSON, which may be anything.
 *
 * @module
 */
import * as v from "valibot";

/**
 * A schema of any input.
 *
 * @internal
 */
export type Schema<Output> = v.GenericSchema<unknown, Output>;

/** A text of bounded length; an id has 64 characters, an image's name a few hundred. */
export const TEXT: Schema<string> = v.pipe(v.string(), v.maxLength(512));

/** A text that is not empty, such as an id. */
export const NAME: Schema<string> = v.pipe(TEXT, v.nonEmpty());

/** Builds the schema of a list whose unfit items are left out; anything but a list counts as empty. */
export function lenientList<Item>(item: Schema<Item>): Schema<Item[]> {
  return v.pipe(
    v.fallback(v.array(v.unknown()), []),
    v.transform((items) => items.filter((value): value is Item => v.is(item, value))),
  );
}

/** Parses a value; undefined if it does not fit the schema. */
export function parse<T>(schema: Schema<T>, value: unknown): T | undefined {
  const { success, output } = v.safeParse(schema, value, { abortEarly: true });
  return success ? output : undefined;
}

/** Parses JSON; undefined if the text is not JSON or does not fit the schema. */
export function parseJson<T>(schema: Schema<T>, text: string): T | undefined {
  return parse(v.pipe(v.string(), v.parseJson(), schema), text);
}
