/**
 * Reads a config file's text into a configuration, or into all of its faults.
 *
 * @module
 */
import { checkTogether } from "./cross_validation.ts";
import type { Config, Overrides } from "./config.ts";
import { type Draft, emptyDraft, type KeyReader } from "./draft.ts";
import { type Fault, FaultList } from "./diagnostic.ts";
import { findKey, type KeyName, KEYS } from "./keys.ts";
import { accessKeys } from "./keys_access.ts";
import { networkKeys } from "./keys_network.ts";
import { serviceKeys } from "./keys_service.ts";
import { tunnelKeys } from "./keys_tunnel.ts";
import { lexLines, type Line } from "./lexer.ts";
import { LineReader } from "./line_reader.ts";
import { applyOverrides } from "./overrides.ts";
import { settle, singleValues } from "./build_config.ts";
import { describeUnknownKey } from "./unknown_key.ts";

/** A configuration without faults, or the faults of one. */
export type ParsedConfig =
  | {
    readonly config: Config;
    readonly faults: readonly [];
    /** Keys that the text sets and this version does nothing with, in the order of the documentation. */
    readonly idle: readonly KeyName[];
  }
  | { readonly config: undefined; readonly faults: readonly Fault[]; readonly idle: readonly [] };

const readers: Readonly<Record<KeyName, KeyReader>> = {
  ...tunnelKeys,
  ...networkKeys,
  ...accessKeys,
  ...serviceKeys,
};

/**
 * Reads a whole config file. Every fault is collected, in the order of the text; with one of them there is no
 * configuration. Nothing is thrown, whatever the text.
 *
 * @param text the file's text
 * @param file the file's name, which the faults carry
 * @param overrides values of command-line flags, put in the place of the file's before lines are checked together
 */
export function parseConfig(text: string, file: string, overrides: Overrides = {}): ParsedConfig {
  const faults = new FaultList(file);
  const draft = emptyDraft();
  const lines = lexLines(text, faults);
  const given = readLines(lines, draft, faults);
  applyOverrides(overrides, draft, faults);

  // Lines are not checked against a value that is itself faulty: that would blame the wrong line.
  const faulty = (name: "addr" | "addr6" | "host" | "port") => given.has(name) && draft[name] === undefined;
  const single = singleValues(draft);
  const addrFaulty = faulty("addr") || (overrides.addr !== undefined && draft.addr === undefined);
  checkTogether(draft, {
    addr: addrFaulty ? undefined : single.addr,
    addr6: faulty("addr6") ? undefined : single.addr6 ?? null,
    tunnel: faulty("host") || faulty("port") ? undefined : single,
  }, faults);

  const found = faults.sorted();
  return found.length > 0
    ? { config: undefined, faults: found, idle: [] }
    : { config: settle(draft), faults: [], idle: idleKeys(lines) };
}

/** A line that switches something off that is off anyway misses nothing. */
function idleKeys(lines: readonly Line[]): KeyName[] {
  const asked = new Set(lines.filter(({ values }) => values[0]?.text !== "off").map(({ key }) => key.text));
  return KEYS.filter(({ name, reload }) => reload === "not in this version" && asked.has(name))
    .map(({ name }) => name);
}

function readLines(lines: readonly Line[], draft: Draft, faults: FaultList): Set<KeyName> {
  const firsts = new Map<KeyName, number>();
  let previous: Line | undefined;
  for (const line of lines) {
    const spec = findKey(line.key.text);
    if (spec === undefined) {
      faults.add(line.key, describeUnknownKey(line, previous));
    } else {
      const first = firsts.get(spec.name);
      if (first === undefined) firsts.set(spec.name, line.number);
      else if (!spec.repeats) {
        faults.add(line.key, `"${spec.name}" is set on line ${first} already; keep one of the lines`);
      }
      readers[spec.name](new LineReader(line, spec, faults), draft);
    }
    previous = line;
  }
  return new Set(firsts.keys());
}
