/**
 * Reads a config file's text into a configuration, or into all of its faults.
 *
 * @module
 */
import {
  buildConfig,
  type Config,
  CONFIG_KEYS,
  type Draft,
  emptyDraft,
  type Field,
  findField,
  findKey,
  keyOf,
  KEYS,
  OVERRIDE_FIELDS,
  type Overrides,
} from "./config.ts";
import { crossValidate } from "./cross_validation.ts";
import { type Diagnostic, Diagnostics, type Positioned } from "./diagnostic.ts";
import { LineReader } from "./key.ts";
import { lexLines, type Line, splitWords } from "./lexer.ts";
import { quote } from "../result.ts";
import { suggest } from "../suggest.ts";

/** A configuration without faults, or the faults of one. */
export type ParsedConfig =
  | {
    readonly config: Config;
    readonly faults: readonly [];
    /** Keys that the text sets and this version does nothing with, in the order of the documentation. */
    readonly ignored: readonly string[];
  }
  | { readonly config: undefined; readonly faults: readonly Diagnostic[]; readonly ignored: readonly [] };

/**
 * Reads a whole config file. Every fault is collected, in the order of the text; with one of them there is no
 * configuration. Nothing is thrown, whatever the text.
 *
 * @param text the file's text
 * @param file the file's name, which the faults carry
 * @param overrides values of flags, which replace the file's before lines are checked together
 */
export function parseConfig(text: string, file: string, overrides: Overrides = {}): ParsedConfig {
  const faults = new Diagnostics(file);
  const draft = emptyDraft();
  const lines = lexLines(text, faults);
  const given = readLines(lines, draft, faults);
  for (const field of OVERRIDE_FIELDS) {
    const value = overrides[field];
    if (value === undefined) continue;
    given.add(field);
    draft[field].length = 0;
    readOverride(field, keyOf(field).format(value), draft, faults);
  }

  // Lines are not checked against a value that is itself faulty: that would blame the wrong line.
  const faulty = (field: Field) => given.has(field) && draft[field].length === 0;
  const config = buildConfig(draft);
  crossValidate(draft, {
    addr: faulty("addr") ? undefined : config.addr,
    addr6: faulty("addr6") ? undefined : config.addr6 ?? null,
    tunnel: faulty("host") || faulty("port") ? undefined : config,
  }, faults);

  const found = faults.sorted();
  return found.length > 0
    ? { config: undefined, faults: found, ignored: [] }
    : { config, faults: [], ignored: ignoredKeys(lines) };
}

/** A line that switches something off that is off anyway misses nothing. */
function ignoredKeys(lines: readonly Line[]): string[] {
  const asked = new Set(lines.filter(({ values }) => values[0]?.text !== "off").map(({ key }) => key.text));
  return KEYS.filter(({ name, effect }) => effect === "none" && asked.has(name)).map(({ name }) => name);
}

function readLines(lines: readonly Line[], draft: Draft, faults: Diagnostics): Set<Field> {
  const firsts = new Map<Field, number>();
  let previous: Line | undefined;
  for (const line of lines) {
    const field = findField(line.key.text);
    if (field === undefined) {
      faults.add(line.key, describeUnknownKey(line, previous));
    } else {
      const first = firsts.get(field);
      if (first === undefined) firsts.set(field, line.number);
      else if (!CONFIG_KEYS[field].repeats) {
        faults.add(line.key, `duplicate "${line.key.text}" (first on line ${first}): keep one of the lines`);
      }
      readLine(field, line, draft, faults);
    }
    previous = line;
  }
  return new Set(firsts.keys());
}

function readLine(field: Field, line: Line, draft: Draft, faults: Diagnostics): void {
  const key = keyOf(field);
  const read = key.read(new LineReader(line, key, faults));
  const lines: Positioned<unknown>[] = draft[field];
  if (read !== undefined) lines.push(read);
}

/** Reads a flag's value by the record of its key, so that it obeys the same rules. */
function readOverride(field: Field, text: string, draft: Draft, faults: Diagnostics): void {
  const position = { line: 0, column: 0 };
  const word = (text: string) => ({ text, ...position });
  const own = new Diagnostics(`--${CONFIG_KEYS[field].name}`);
  const line = { number: 0, key: word(field), values: splitWords(text).map(word), end: position };
  readLine(field, line, draft, own);
  for (const { message, file } of own.sorted()) faults.add(position, message, file);
}

const NAMES = KEYS.map(({ name }) => name);
const SECRET_NAMES = KEYS.filter(({ secret }) => secret).map(({ name }) => name);

/** Says what is wrong with a line whose first word is no key, and which key was meant. */
function describeUnknownKey({ key }: Line, previous: Line | undefined): string {
  const [, start = "", sign = ""] = /^([a-z0-9]+)([=:])/i.exec(key.text) ?? [];
  const joined = findKey(start.toLowerCase());
  if (joined !== undefined) {
    return `unknown key: write a blank in place of the ${quote(sign)} after "${joined.name}"`;
  }
  const name = mayBeSecret(key.text, previous) ? "" : ` ${quote(key.text)}`;
  const nearest = suggest(key.text, NAMES);
  return `unknown key${name}${
    nearest === undefined ? `: expected one of ${NAMES.join(", ")}` : `; did you mean ${quote(nearest)}?`
  }`;
}

// A line starts with a secret where it was broken in two after "token", or where the blank after "token" is
// missing.
function mayBeSecret(word: string, previous: Line | undefined): boolean {
  const before = previous && findKey(previous.key.text);
  const broken = before?.secret === true && previous !== undefined &&
    previous.values.length < splitWords(before.syntax).length - 1;
  const plain = /^[A-Za-z][A-Za-z0-9_-]{0,19}$/.test(word);
  const joined = SECRET_NAMES.some((name) =>
    word.length > name.length && word.toLowerCase().startsWith(name)
  );
  return broken || joined || !plain;
}
