import assert from "node:assert/strict";
import { defineCommand, defineGroup } from "./command.ts";
import { joinedWords, switchFlag, valueFlag } from "./flag.ts";
import { helpPage } from "./help_page.ts";
import type { Program } from "./command.ts";
import { portSyntax } from "./value_syntax.ts";

const done = () => Promise.resolve(0);

const program: Program = {
  program: "prog",
  brief: "A program.",
  description: "More of it.",
  commands: [
    defineCommand("run", { brief: "Do it.", description: "Does it all." }, {
      port: valueFlag("--port", portSyntax, "The port, which the text of this flag explains at some length."),
      json: switchFlag("--json", "As JSON."),
    }, done),
    defineGroup("config", "Edit.", [
      defineCommand(
        "add",
        { brief: "Add a line.", description: "Adds a line.", examples: ["config add x"] },
        {
          line: joinedWords("LINE", "The line.", "", ""),
        },
        done,
      ),
    ]),
  ],
  legacyFlags: {},
  removedCommands: {},
};

const page = (width: number, ...args: string[]) => helpPage(program, args, { width, bold: false });

Deno.test("the program's page lists its commands", () => {
  assert.equal(
    page(100),
    `A program.
Usage: prog [COMMAND] [FLAG...]

More of it.

  run          Do it.
  config       Edit.
  completions  Complete the command line in a shell.
  help         Show this page, or that of a command: help COMMAND, or COMMAND --help.
  version      Show the version, as --version does.
`,
  );
});

Deno.test("a command's page explains its flags, wrapped to the width, the hidden one left out", () => {
  assert.equal(
    page(60, "run"),
    `Do it.
Usage: prog run [--port PORT] [--json] [--log-level LEVEL]
       [--log-format FORMAT]

Does it all.

  --port PORT          The port, which the text of this flag
                       explains at some length.
  --json               As JSON.
  --log-level LEVEL    The level of the log on stderr:
                       error, warn, info (default) or debug.
  --log-format FORMAT  The shape of log lines: text
                       (default) or json.
`,
  );
});

Deno.test("a group's page shows each command's form, words last", () => {
  assert.equal(
    page(100, "config"),
    `Edit.
Usage: prog config add [--log-level LEVEL] [--log-format FORMAT] LINE...

  add  Add a line.
`,
  );
});

Deno.test("the completions' page says how to set each shell up", () => {
  const text = page(100, "completions");
  assert.match(text, /^Usage: prog completions bash\|zsh\|fish$/m);
  assert.match(text, /^ {2}zsh {3}eval "\$\(prog completions zsh\)"$/m);
});

Deno.test("on a terminal the names are bold and stay aligned", () => {
  const bold = helpPage(program, [], { width: 100, bold: true });
  assert.ok(bold.split("\n").includes("  \x1b[1mrun\x1b[0m          Do it."), bold);
});

Deno.test("a command's page ends with examples to copy", () => {
  assert.match(page(100, "config", "add"), /\n\nExamples:\n {2}prog config add x\n$/);
});
