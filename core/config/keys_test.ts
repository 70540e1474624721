import assert from "node:assert/strict";
import fc from "fast-check";
import { anyConfig } from "./arbitrary_fixture.ts";
import { diffConfigs } from "./changes.ts";
import { DEFAULT_CONFIG, FIELDS, findKey, keyOf, KEYS } from "./config.ts";
import { formatDiagnostic } from "./diagnostic.ts";
import { parseConfig } from "./parse.ts";

const FILE = "docker-connector.conf";
const page = await Deno.readTextFile(new URL("../../docs/guide/configuration.md", import.meta.url));

/** The text below each heading of the third level, by the heading. */
function sections(): Map<string, string> {
  const parts = page.split(/^#{2,3} /m).map((part) => [part.split("\n", 1)[0] ?? "", part] as const);
  const headings = new Set([...page.matchAll(/^### (.*)$/gm)].map((match) => match[1]));
  return new Map(parts.filter(([heading]) => headings.has(heading)));
}

/** The contents of the fenced blocks of one language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map((match) =>
    match[1] ?? ""
  );
}

Deno.test("the documentation has every key and no other", () => {
  const names = KEYS.map((key) => key.name).sort();
  assert.deepEqual([...sections().keys()].sort(), names);
  const rows = KEYS.map(({ name, meaning, default: standard, reload, repeats }) =>
    `| [\`${name}\`](#${name}) | ${meaning} | ${standard} | ${reload} | ${repeats ? "any number" : "one"} |`
  );
  assert.deepEqual(page.match(/^\| \[.*\|$/gm), rows);
});

Deno.test("a key's section says its form, default and effect, and shows the line of the messages", () => {
  for (const [name, text] of sections()) {
    const key = findKey(name);
    assert(key !== undefined);
    assert(text.includes(`\n\`${key.syntax}\`, default ${key.default}, ${key.reload}.\n`), name);
    assert(blocks(text, "conf").join("").split("\n").includes(key.example), name);
    assert.equal(blocks(text, "text").length, 1, name);
  }
});

Deno.test("the documentation's examples have no faults", () => {
  for (const example of blocks(page, "conf")) {
    assert.deepEqual(parseConfig(example, FILE).faults.map(formatDiagnostic), [], example);
  }
});

Deno.test("the documentation's faults are those that are reported", () => {
  const examples = blocks(page, "text");
  assert(examples.length > KEYS.length);
  for (const example of examples) {
    const lines = example.trimEnd().split("\n");
    const shown = lines.filter((line) => line.startsWith(`${FILE}:`));
    const text = lines.filter((line) => !line.startsWith(`${FILE}:`)).join("\n");
    assert.deepEqual(parseConfig(text, FILE).faults.map(formatDiagnostic), shown);
  }
});

Deno.test("a line with the default of a key that is set once changes nothing", () => {
  for (const key of KEYS) {
    if (key.repeats || key.default === "none") continue;
    const { config } = parseConfig(`${key.name} ${key.default}`, FILE);
    assert.deepEqual(config, DEFAULT_CONFIG, key.name);
  }
});

Deno.test("a line of one key changes the field of that key and no other", () => {
  const others = ["addr 10.0.0.1/8", "host ::1", "port 1", "mtu 2000", "loglevel warn", "pong on"];
  for (const field of FIELDS) {
    const { name, example } = keyOf(field);
    const lines = [example, `${name} off`, ...others.filter((text) => text.startsWith(`${name} `))];
    const changes = lines.map((line) =>
      diffConfigs(DEFAULT_CONFIG, parseConfig(line, FILE).config ?? DEFAULT_CONFIG)
    );
    assert.deepEqual(changes.find(({ length }) => length > 0)?.map((change) => change.field), [field]);
  }
});

Deno.test("values are written as lines that mean the same", () => {
  fc.assert(fc.property(anyConfig, (config) => {
    const lines = FIELDS.flatMap((field) => {
      const key = keyOf(field);
      const values: unknown[] = key.repeats ? [config[field]].flat() : [config[field]];
      return values.map((value) => key.format(value)).filter((text) => text !== "")
        .map((text) => `${key.name} ${text}`);
    });
    assert.deepEqual(parseConfig(lines.join("\n"), FILE).config, config);
  }));
});
