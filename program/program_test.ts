import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { versionLine } from "./build_info.ts";
import { CapturedTerminal } from "../cli/terminal_fixture.ts";
import { defineCommand, type Program } from "../cli/command.ts";
import { valueFlag } from "../cli/flag.ts";
import { getLogger } from "./log.ts";
import { runProgram } from "./program.ts";
import { StdoutClosed, type Terminal } from "../cli/terminal.ts";
import { keySyntax, portSyntax } from "../cli/value_syntax.ts";

/** A program whose only command does what the test says. */
function programThat(
  execute: (terminal: Terminal, port: number | undefined) => number | Promise<number>,
): Program {
  const run = defineCommand(
    "run",
    { brief: "Do it.", description: "Does it all." },
    {
      port: valueFlag("--port", portSyntax, "The port."),
      key: valueFlag("--key", keySyntax, "The key."),
    },
    async ({ port }, terminal) => await execute(terminal, port),
  );
  return {
    program: "prog",
    brief: "A program.",
    description: "More of it.",
    commands: [run],
    legacyFlags: {
      old: { takesValue: false, replace: () => ({ flags: [], warning: "The flag -old is ignored" }) },
    },
    removedCommands: {},
  };
}

async function outcome(program: Program, ...args: string[]) {
  const terminal = new CapturedTerminal();
  const status = await runProgram(program, args, terminal);
  return { status, stdout: terminal.stdout, stderr: terminal.stderr };
}

const answering = programThat((terminal, port) => {
  terminal.out(`port ${port}\n`);
  return 0;
});

Deno.test("a command's values reach it and its status is the program's", async () => {
  assert.deepEqual(await outcome(answering, "-port", "25"), { status: 0, stdout: "port 25\n", stderr: "" });
  assert.equal((await outcome(programThat(() => 78))).status, 78);
});

Deno.test("a faulty flag is one line that names it, with status 64", async () => {
  assert.deepEqual(await outcome(answering, "--port", "70000"), {
    status: 64,
    stdout: "",
    stderr: 'prog: Cannot use --port: invalid port "70000": expected 1-65535\n',
  });
  const twice = await outcome(answering, "--port", "1", "--port", "2");
  assert.deepEqual([twice.status, twice.stderr], [
    64,
    "prog: Cannot use --port: it is given more than once. Give it once\n",
  ]);
});

Deno.test("a secret that cannot be used is not repeated", async () => {
  const { status, stderr } = await outcome(answering, "--key", "hunter2 hunter2");
  assert.equal(status, 64);
  assert.doesNotMatch(stderr, /hunter2/);
});

Deno.test("help and version are answers on stdout", async () => {
  const help = await outcome(answering, "--help");
  assert.deepEqual([help.status, help.stderr], [0, ""]);
  assert.match(help.stdout, /^A program\.\nUsage: prog \[COMMAND\] \[FLAG\.\.\.\]\n[^]* {2}run +Do it\.\n/);
  const page = await outcome(answering, "run", "-help");
  assert.match(page.stdout, /--port PORT +The port\.\n[^]*--log-level LEVEL/);
  assert.deepEqual(await outcome(answering, "-version"), {
    status: 0,
    stdout: `${versionLine("prog")}\n`,
    stderr: "",
  });
});

Deno.test("completions are written for three shells and answered", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = await outcome(answering, "completions", shell);
    assert.equal(script.status, 0);
    assert.match(script.stdout, /prog/);
  }
  assert.match((await outcome(answering, "completions", "bash", "--po")).stdout, /^--port/);
  assert.match(
    (await outcome(answering, "completions", "bash", "run", "--log-level", "de")).stdout,
    /^debug/,
  );
  const unknown = await outcome(answering, "completions", "csh");
  assert.deepEqual([unknown.status, unknown.stderr], [
    64,
    'prog: Cannot write completions: the shell "csh" is not known. Give one of bash, zsh, fish\n',
  ]);
});

Deno.test("a fault of a command is one line and the status of its kind", async () => {
  const refused = programThat(() => {
    throw new OperationError("privilege", "Cannot open tun:\nnot root", "Run with sudo");
  });
  assert.deepEqual(await outcome(refused), {
    status: 77,
    stdout: "",
    stderr: "prog: Cannot open tun: not root. Run with sudo\n",
  });
});

Deno.test("a fault is a line of the log where the log is JSON", async () => {
  const refused = programThat(() => {
    throw new OperationError("io", "Cannot open tun: busy", "Try later");
  });
  const { status, stderr } = await outcome(refused, "--log-format=json");
  const { level, message, program } = JSON.parse(stderr);
  assert.deepEqual([status, level, message, program], [
    74,
    "error",
    "Cannot open tun: busy. Try later",
    "prog",
  ]);
});

Deno.test("the unexpected is one line, with the stack only at level debug", async () => {
  const broken = programThat(() => {
    throw new TypeError("x is undefined");
  });
  const line =
    "prog: Cannot go on: TypeError: x is undefined. Run with --log-level debug for more, and please report it\n";
  assert.deepEqual(await outcome(broken), { status: 1, stdout: "", stderr: line });
  const detailed = await outcome(broken, "--log-level", "debug");
  assert.equal(detailed.stderr.startsWith(line), true);
  assert.match(detailed.stderr, /\n {4}at /);
});

Deno.test("a reader that has seen enough is no fault", async () => {
  const long = programThat(() => {
    throw new StdoutClosed();
  });
  assert.deepEqual(await outcome(long), { status: 0, stdout: "", stderr: "" });
});

Deno.test("the log goes to stderr as the flags say, warnings about flags first", async () => {
  const talkative = programThat(() => {
    getLogger("tun").info("opened", { name: "utun5" });
    getLogger("tun").debug("detail");
    return 0;
  });
  const text = await outcome(talkative, "-old");
  assert.match(
    text.stderr,
    /^\S+Z warn +flags: The flag -old is ignored\n\S+Z info +tun: opened name=utun5\n$/,
  );
  const json = await outcome(talkative, "--log-format", "json", "-debug");
  const lines = json.stderr.trimEnd().split("\n").map((line): { message: string } => JSON.parse(line));
  assert.deepEqual(lines.map(({ message }) => message), ["opened", "detail"]);
});
