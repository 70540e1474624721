import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { parseArguments } from "./arguments.ts";
import { type Command, defineCommand, defineGroup, type Program } from "./command.ts";
import { joinedWords, type Parts, switchFlag, valueFlag } from "./flag.ts";
import { countSyntax, fileSyntax, keySyntax, portSyntax } from "./value_syntax.ts";

const about = { brief: "b", description: "d" };
const define = (name: string, parts: Parts): Command =>
  defineCommand(name, about, parts, () => Promise.resolve(0));

const line: Program = {
  ...about,
  program: "prog",
  commands: [
    define(
      "run",
      {
        config: valueFlag("--config", fileSyntax, ""),
        port: valueFlag("--port", portSyntax, ""),
        key: valueFlag("--key", keySyntax, ""),
        noWatch: switchFlag("--no-watch", ""),
      },
    ),
    define("status", {
      json: switchFlag("--json", "", { short: "j" }),
      count: valueFlag("--count", countSyntax, "", { short: "n" }),
    }),
    defineGroup("config", "c", [
      define("add", { line: joinedWords("LINE", "", "Cannot add: no line", "") }),
    ]),
  ],
  legacyFlags: {
    watch: {
      takesValue: false,
      replace: (value) => ({ flags: value === "true" ? [] : ["--no-watch"], warning: "" }),
    },
    "log-file": { takesValue: true, replace: (value) => ({ flags: [], warning: `${value} is not written` }) },
  },
  removedCommands: { start: 'Use "brew services start"' },
};

/** What was parsed, each flag as `--name=value`, the words last. */
function args(...given: string[]): string[] {
  const parsed = parseArguments(line, given);
  if (parsed.action === "version") return ["--version"];
  if (parsed.action === "help") return [...parsed.path, "--help"];
  if (parsed.action === "completions") return ["completions", parsed.shell, ...parsed.words];
  const flags = [...parsed.given].flatMap(([name, values]) =>
    values.map((value) => name === undefined ? value : value === "" ? name : `${name}=${value}`)
  );
  return [...parsed.path, ...flags];
}

function refusal(...given: string[]): string {
  try {
    parseArguments(line, given);
  } catch (error) {
    assert.ok(error instanceof OperationError);
    assert.equal(error.code, "usage");
    return error.report;
  }
  return assert.fail("accepted");
}

Deno.test("without a command, run is meant", () => {
  assert.deepEqual(args(), ["run"]);
  assert.deepEqual(args("-port", "1"), ["run", "--port=1"]);
  assert.deepEqual(args("status"), ["status"]);
});

Deno.test("one dash, two dashes, a blank and an equals sign mean the same", () => {
  for (const given of [["-port", "1"], ["--port", "1"], ["-port=1"], ["--port=1"]]) {
    assert.deepEqual(args("run", ...given), ["run", "--port=1"]);
  }
});

Deno.test("a value may start with a dash, unless it is a flag that shows the value was forgotten", () => {
  assert.deepEqual(args("--key", "-x"), ["run", "--key=-x"]);
  assert.deepEqual(args("--key=--port"), ["run", "--key=--port"]);
  assert.equal(
    refusal("--config", "-port=1"),
    "Cannot use --config: its value is missing. Write --config VALUE or --config=VALUE",
  );
  assert.match(refusal("--key"), /^Cannot use --key: its value is missing/);
});

Deno.test("help and version are found in each spelling", () => {
  assert.deepEqual(args("-h"), ["--help"]);
  assert.deepEqual(args("-help"), ["--help"]);
  assert.deepEqual(args("-version"), ["--version"]);
  assert.deepEqual(args("version"), ["--version"]);
  assert.deepEqual(args("help"), ["--help"]);
  assert.deepEqual(args("help", "config", "add"), ["config", "add", "--help"]);
  assert.deepEqual(args("help", "config"), ["config", "--help"]);
  assert.deepEqual(args("help", "completions"), ["completions", "--help"]);
  assert.deepEqual(args("help", "version"), ["--help"]);
  assert.match(refusal("help", "xyzzy"), /^Cannot run "xyzzy": there is no such command\./);
  assert.deepEqual(args("status", "-help"), ["status", "--help"]);
  assert.deepEqual(args("config", "-h"), ["config", "--help"]);
});

Deno.test("nothing may come after the version", () => {
  for (const spelled of ["version", "--version", "-version"]) {
    assert.equal(
      refusal(spelled, "extra"),
      "Cannot show the version: nothing may come after it. Write version alone",
    );
  }
  assert.deepEqual(args("version", "--help"), ["--help"]);
});

Deno.test("a flag's letter stands for it behind one dash, with or without =", () => {
  assert.deepEqual(args("status", "-j", "-n", "5"), ["status", "--json", "--count=5"]);
  assert.deepEqual(args("status", "-n=5"), ["status", "--count=5"]);
  assert.match(refusal("status", "--n", "5"), /^Cannot use "--n": status has no such flag/);
  assert.equal(
    refusal("status", "-n", "-j"),
    "Cannot use -n: its value is missing. Write -n VALUE or -n=VALUE",
  );
});

Deno.test("switches take the original's true and false", () => {
  assert.deepEqual(args("-no-watch=true"), ["run", "--no-watch"]);
  assert.deepEqual(args("-no-watch=false"), ["run"]);
  assert.match(refusal("-no-watch=never"), /^Cannot use -no-watch: it takes no value/);
});

Deno.test("flags of the original are translated or dropped with a warning", () => {
  assert.deepEqual(args("-watch=false", "-watch"), ["run", "--no-watch"]);
  assert.deepEqual(args("-log-file", "/a", "-port", "5"), ["run", "--port=5"]);
  const parsed = parseArguments(line, ["-log-file", "/a", "-port", "5"]);
  assert.deepEqual(parsed.action === "run" && parsed.warnings, ["/a is not written"]);
  assert.match(refusal("status", "-watch"), /has no such flag/);
});

Deno.test("a mistyped word brings the nearest one", () => {
  assert.equal(refusal("stats"), 'Cannot run "stats": there is no such command. Did you mean "prog status"?');
  assert.equal(
    refusal("config", "ad"),
    'Cannot run "config ad": there is no such command. Did you mean "prog config add"?',
  );
  assert.equal(refusal("--prot=1"), 'Cannot use "--prot": run has no such flag. Did you mean --port?');
  assert.match(refusal("xyzzy"), /Run "prog --help" for the commands$/);
  assert.match(refusal("start"), /^Cannot run start: there is no such command\. Use "brew services start"$/);
  assert.match(refusal("constructor"), /Run "prog --help"/);
});

Deno.test("a group without a command names its commands", () => {
  assert.equal(refusal("config"), 'Cannot run config: it needs one of add. Run "prog config --help"');
});

Deno.test("a stray word could be a part of a secret and is not repeated", () => {
  assert.doesNotMatch(refusal("--key", "two", "words"), /words"|two/);
  assert.doesNotMatch(refusal("--keey=hunter2"), /hunter2/);
  assert.match(refusal("--port", "1", "status"), /^Cannot run status: the command must come first/);
});

Deno.test("words of a command are handed on, also those that look like flags after --", () => {
  assert.deepEqual(args("config", "add", "route", "172.20.0.0/16"), [
    "config",
    "add",
    "route",
    "172.20.0.0/16",
  ]);
  assert.deepEqual(args("config", "add", "--", "-x"), ["config", "add", "-x"]);
});

Deno.test("completions of a line without a command are those of run", () => {
  assert.deepEqual(args("completions", "bash"), ["completions", "bash"]);
  assert.deepEqual(args("completions", "bash", "--po"), ["completions", "bash", "run", "--po"]);
  assert.deepEqual(args("completions", "bash", "st"), ["completions", "bash", "st"]);
});
