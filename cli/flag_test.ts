import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { defineCommand, type Program } from "./command.ts";
import { joinedWords, readValues, switchFlag, valueFlag } from "./flag.ts";
import { FlagParser } from "./flag_parser.ts";
import { countSyntax, keySyntax, portSyntax } from "./value_syntax.ts";

const parts = {
  line: joinedWords("LINE", "", "Cannot add: the line is missing", "Write it"),
  port: valueFlag("--port", portSyntax, ""),
  key: valueFlag("--key", keySyntax, ""),
  json: switchFlag("--json", ""),
  lines: valueFlag("--lines", countSyntax, "", { short: "n" }),
};

const about = { brief: "", description: "" };
const command = defineCommand("do", about, parts, () => Promise.resolve(0));
const line: Program = {
  ...about,
  program: "prog",
  commands: [command],
  legacyFlags: {},
  removedCommands: {},
};

function read(...args: string[]) {
  const parser = new FlagParser(line, command, "do");
  parser.parse(args);
  return readValues(parts, parser.given);
}

function refusal(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    assert.ok(error instanceof OperationError);
    assert.equal(error.code, "usage");
    return error.report;
  }
  return assert.fail("accepted");
}

Deno.test("values are read in their types, and words wherever they stand", () => {
  assert.deepEqual(read("route", "--port=25", "172.20.0.0/16", "--json"), {
    line: "route 172.20.0.0/16",
    port: 25,
    key: undefined,
    json: true,
    lines: undefined,
  });
});

Deno.test("a value may look like a flag or hold an equals sign", () => {
  assert.equal(read("x", "--key=--json").key, "--json");
  assert.equal(read("x", "--key=a=b=").key, "a=b=");
  assert.equal(read("--", "--port=1", "-x").line, "--port=1 -x");
});

Deno.test("a fault of a flag with a letter names both, since either may have been written", () => {
  assert.match(refusal("x", "-n", "y"), /^Cannot use --lines \(-n\): invalid count "y": expected a number/);
  assert.equal(read("x", "-n", "5").lines, 5);
});

Deno.test("a value given twice is refused, a switch given twice is on", () => {
  assert.equal(
    refusal("x", "--port=1", "--port=1"),
    "Cannot use --port: it is given more than once. Give it once",
  );
  assert.equal(read("x", "--json", "--json").json, true);
});

Deno.test("faulty and missing values are refused, a secret unsaid", () => {
  assert.equal(
    refusal("x", "--port=0"),
    'Cannot use --port: invalid port "0": expected 1-65535',
  );
  assert.match(refusal("x", "--port="), /^Cannot use --port: invalid port ""/);
  assert.doesNotMatch(refusal("x", "--key=hunter2 hunter2"), /hunter2/);
  assert.equal(refusal("--json"), "Cannot add: the line is missing. Write it");
});
