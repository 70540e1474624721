import assert from "node:assert/strict";
import { defineCommand, defineGroup, type Program } from "./command.ts";
import { answerCompletions } from "./completions.ts";
import { joinedWords, switchFlag, valueFlag } from "./flag.ts";
import { fileSyntax, portSyntax } from "./value_syntax.ts";

const about = { brief: "Do it.", description: "" };
const done = () => Promise.resolve(0);

const line: Program = {
  ...about,
  program: "prog-one",
  commands: [
    defineCommand("run", about, {
      port: valueFlag("--port", portSyntax, "The port."),
      file: valueFlag("--file", fileSyntax, "The file."),
      json: switchFlag("--json", "As JSON."),
    }, done),
    defineGroup("config", "Edit.", [
      defineCommand("add", about, { line: joinedWords("LINE", "", "", "", ["route", "token"]) }, done),
    ]),
  ],
  legacyFlags: {},
  removedCommands: {},
};

const bash = (...words: string[]) => answerCompletions(line, "bash", words).split("\n").slice(0, -1);

Deno.test("commands and what else may come first", () => {
  assert.deepEqual(bash(""), ["run", "config", "completions", "--help", "--version"]);
  assert.deepEqual(bash("co"), ["config", "completions"]);
  assert.deepEqual(bash("config", ""), ["add", "--help"]);
  assert.deepEqual(bash("completions", "z"), ["zsh"]);
  assert.deepEqual(bash("nonsense", ""), []);
});

Deno.test("flags that were not given yet, in the dashes that were begun with", () => {
  assert.deepEqual(bash("run", ""), ["--port", "--file", "--json", "--log-level", "--log-format", "--help"]);
  assert.deepEqual(bash("run", "--port", "1", "-file=x", "-"), [
    "--json",
    "--log-level",
    "--log-format",
    "--help",
  ]);
  assert.deepEqual(bash("run", "-po"), ["-port"]);
  assert.deepEqual(bash("config", "add", "--", "-"), []);
});

Deno.test("values of a flag, apart or joined to it", () => {
  assert.deepEqual(bash("run", "--log-level", "d"), ["debug"]);
  assert.deepEqual(bash("run", "-log-level=w"), ["-log-level=warn"]);
  assert.deepEqual(bash("run", "--port", ""), []);
  assert.deepEqual(bash("run", "--file", "/et"), [":paths"]);
  assert.deepEqual(bash("run", "--file=/et"), [":paths"]);
});

Deno.test("the first word of a command may be known, the others are the user's own", () => {
  assert.deepEqual(bash("config", "add", ""), ["route", "token"]);
  assert.deepEqual(bash("config", "add", "ro"), ["route"]);
  assert.deepEqual(bash("config", "add", "route", ""), []);
  assert.deepEqual(bash("config", "add", "--log-f"), ["--log-format"]);
});

Deno.test("zsh and fish are told what a candidate means", () => {
  for (const shell of ["zsh", "fish"]) {
    assert.equal(answerCompletions(line, shell, ["run", "--po"]), "--port\tThe port.\n");
    assert.equal(answerCompletions(line, shell, ["run", "--log-level", "e"]), "error\n");
  }
});

Deno.test("bash's script completes words that bash splits at the equals sign", async () => {
  const script = answerCompletions(line, "bash", []);
  const session = `
prog-one() { printf '%sarn\\n' "\${@: -1}"; }
${script}
COMP_WORDS=(prog-one run --level = w) COMP_CWORD=4
_prog_one prog-one w =
printf '%s\\n' "\${COMPREPLY[@]}"
complete -p prog-one`;
  const { success, stdout } = await new Deno.Command("bash", { args: ["--norc", "-c", session] }).output();
  assert.equal(success, true);
  assert.equal(new TextDecoder().decode(stdout), "warn\ncomplete -F _prog_one prog-one\n");
});
