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

const bash = async (...words: string[]) =>
  (await answerCompletions(line, "bash", words)).split("\n").slice(0, -1);

Deno.test("commands and what else may come first", async () => {
  assert.deepEqual(await bash(""), [
    "run",
    "config",
    "completions",
    "help",
    "version",
    "--help",
    "--version",
  ]);
  assert.deepEqual(await bash("co"), ["config", "completions"]);
  assert.deepEqual(await bash("config", ""), ["add", "--help"]);
  assert.deepEqual(await bash("completions", "z"), ["zsh"]);
  assert.deepEqual(await bash("nonsense", ""), []);
});

Deno.test("flags that were not given yet, in the dashes that were begun with", async () => {
  assert.deepEqual(await bash("run", ""), [
    "--port",
    "--file",
    "--json",
    "--log-level",
    "--log-format",
    "--help",
  ]);
  assert.deepEqual(await bash("run", "--port", "1", "-file=x", "-"), [
    "--json",
    "--log-level",
    "--log-format",
    "--help",
  ]);
  assert.deepEqual(await bash("run", "-po"), ["-port"]);
  assert.deepEqual(await bash("config", "add", "--", "-"), []);
});

Deno.test("values of a flag, apart or joined to it", async () => {
  assert.deepEqual(await bash("run", "--log-level", "d"), ["debug"]);
  assert.deepEqual(await bash("run", "-log-level=w"), ["-log-level=warn"]);
  assert.deepEqual(await bash("run", "--port", ""), []);
  assert.deepEqual(await bash("run", "--file", "/et"), [":paths"]);
  assert.deepEqual(await bash("run", "--file=/et"), [":paths"]);
});

Deno.test("the first word of a command may be known, the others are the user's own", async () => {
  assert.deepEqual(await bash("config", "add", ""), ["route", "token"]);
  assert.deepEqual(await bash("config", "add", "ro"), ["route"]);
  assert.deepEqual(await bash("config", "add", "route", ""), []);
  assert.deepEqual(await bash("config", "add", "--log-f"), ["--log-format"]);
});

Deno.test("help is completed with commands", async () => {
  assert.deepEqual(await bash("help", ""), ["run", "config", "completions"]);
  assert.deepEqual(await bash("help", "config", ""), ["add"]);
  assert.deepEqual(await bash("help", "nonsense", ""), []);
});

Deno.test("what depends on the running program is asked for, with the words before", async () => {
  const asked: (readonly string[])[] = [];
  const suggest = (before: readonly string[]) => {
    asked.push(before);
    return Promise.resolve([["web", "172.20.0.0/16"], ["db", ""]] as const);
  };
  const program: Program = {
    ...line,
    commands: [
      defineCommand("capture", about, {
        network: valueFlag("--network", { ...portSyntax, suggest }, "The network."),
        line: joinedWords("LINE", "", "", "", ["route"], suggest),
      }, done),
    ],
  };
  const fish = (...words: string[]) => answerCompletions(program, "fish", words);
  assert.equal(await fish("capture", "--network", "w"), "web\t172.20.0.0/16\n");
  assert.equal(await fish("capture", "--network=d"), "--network=db\n");
  assert.equal(await fish("capture", "r"), "route\n");
  assert.equal(await fish("capture", "--network", "web", "route", "d"), "db\n");
  assert.deepEqual(asked, [[], [], [], ["route"]]);
});

Deno.test("zsh and fish are told what a candidate means", async () => {
  for (const shell of ["zsh", "fish"]) {
    assert.equal(await answerCompletions(line, shell, ["run", "--po"]), "--port\tThe port.\n");
    assert.equal(await answerCompletions(line, shell, ["run", "--log-level", "e"]), "error\n");
  }
});

Deno.test("bash's script completes words that bash splits at the equals sign", async () => {
  const script = await answerCompletions(line, "bash", []);
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
