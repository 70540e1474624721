import {
  buildConfig,
  type Config,
  CONFIG_KEYS,
  type Draft,
  emptyDraft,
  type Field,
  FIELDS,
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
import { lexLines, type Line, splitWords } from "./text.ts";
import { quote } from "../result.ts";
import { suggest } from "../suggest.ts";

/** A configuration without faults, or the faults of one. */
export type ParsedConfig =
  | { readonly config: Config; readonly faults: readonly [] }
  | { readonly config: undefined; readonly faults: readonly Diagnostic[] };

/**
 * Reads a whole config file. Every fault is collected, in the order of the text; one is enough for no configuration. Nothing
 * is thrown, whatever the text.
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
  const flagFaults: Diagnostic[] = [];
  for (const field of OVERRIDE_FIELDS) {
    const value = overrides[field];
    if (value === undefined) continue;
    given.add(field);
    draft[field].length = 0;
    const { name, format } = keyOf(field);
    const own = new Diagnostics(`--${name}`);
    readLine(field, flagLine(name, format(value)), draft, own);
    flagFaults.push(...own.sorted());
  }

  const config = buildConfig(draft);
  const sound = FIELDS.filter((field) => draft[field].length > 0 || !given.has(field));
  crossValidate(draft, Object.fromEntries(sound.map((field) => [field, config[field]])), faults);

  const found = [...flagFaults, ...faults.sorted()];
  return found.length > 0 ? { config: undefined, faults: found } : { config, faults: [] };
}

function readLines(lines: readonly Line[], draft: Draft, faults: Diagnostics): Set<Field> {
  const firsts = new Map<Field, number>();
  for (const [index, line] of lines.entries()) {
    const { key } = line;
    const field = findField(key.text);
    if (field === undefined) {
      faults.add(key, describeUnknownKey(key.text, lines[index - 1]));
      continue;
    }
    const first = firsts.get(field);
    if (first === undefined) firsts.set(field, key.line);
    else if (!CONFIG_KEYS[field].repeats) {
      faults.add(key, `duplicate "${key.text}" (first on line ${first}): keep one of the lines`);
    }
    readLine(field, line, draft, faults);
  }
  return new Set(firsts.keys());
}

function readLine(field: Field, line: Line, draft: Draft, faults: Diagnostics): void {
  const key = keyOf(field);
  const read = key.read(new LineReader(line, key, faults));
  const lines: Positioned<unknown>[] = draft[field];
  if (read !== undefined) lines.push(read);
}

/** Makes a line of a flag's value, so that it obeys the same rules. */
function flagLine(name: string, value: string): Line {
  const end = { line: 0, column: 0 };
  const word = (text: string) => ({ text, ...end });
  return { key: word(name), values: splitWords(value).map(word), end };
}

const NAMES = KEYS.map(({ name }) => name);
const SECRET_NAMES = KEYS.filter(({ secret }) => secret).map(({ name }) => name);

/** Says what is wrong with a line whose first word is not a key, and which key was meant. */
function describeUnknownKey(word: string, previous: Line | undefined): string {
  const [, start = "", sign = ""] = /^([a-z0-9]+)([=:])/i.exec(word) ?? [];
  const joined = findKey(start.toLowerCase());
  if (joined !== undefined) {
    return `unknown key: write a blank in place of the ${quote(sign)} after "${joined.name}"`;
  }
  const name = mayBeSecret(word, previous) ? "" : ` ${quote(word)}`;
  const nearest = suggest(word, NAMES);
  const remedy = nearest === undefined
    ? `: expected one of ${NAMES.join(", ")}`
    : `; did you mean "${nearest}"?`;
  return `unknown key${name}${remedy}`;
}

// A line starts with a secret where it was broken in two after "token", or where the blank after "token" is missing.
function mayBeSecret(word: string, previous: Line | undefined): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,19}$/.test(word)) return true;
  const lower = word.toLowerCase();
  if (SECRET_NAMES.some((name) => lower.startsWith(name) && lower !== name)) return true;
  const before = previous && findKey(previous.key.text);
  return previous !== undefined && before?.secret === true &&
    previous.values.length < splitWords(before.syntax).length - 1;
}
