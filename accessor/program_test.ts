import assert from "node:assert/strict";
import { CapturedTerminal } from "../cli/terminal_fixture.ts";
import { runProgram } from "../program/program.ts";
import { accessor } from "./program.ts";

async function outcome(...args: string[]): Promise<{ status: number; stderr: string; stdout: string }> {
  const terminal = new CapturedTerminal();
  const status = await runProgram(accessor, args, terminal);
  return { status, stderr: terminal.stderr, stdout: terminal.stdout };
}

const SECRET = "hunter2hunter2";

for (
  const [title, args, status, words] of [
    ["no server", ["run", "--token", SECRET], 64, /no server is named/],
    ["no token", ["--remote", "192.0.2.1:2512"], 64, /there is no token.*--token-file/],
    [
      "a server without a port",
      ["-remote", "192.0.2.1", "-token", SECRET],
      64,
      /invalid server "192\.0\.2\.1": expected a host and a port/,
    ],
    [
      "a port that is none",
      ["-remote", "host:65536", "-token", SECRET],
      64,
      /invalid server "host:65536": expected a host and a port/,
    ],
    ["an empty token", ["-remote", "host:1", "-token", ""], 64, /the token is empty/],
    [
      "a token of two words",
      ["-remote", "host:1", "-token", `${SECRET} x`],
      64,
      /the token holds white space/,
    ],
    ["a token with a comma", ["-remote", "host:1", "-token", `${SECRET},`], 64, /the token holds a comma/],
    [
      "two tokens",
      ["-remote", "host:1", "-token", SECRET, "--token-file", "/dev/null"],
      64,
      /--token and --token-file together/,
    ],
    [
      "a file that is not there",
      ["-remote", "host:1", "--token-file", "/nonexistent/t"],
      78,
      /there is no such file/,
    ],
    ["a folder for a file", ["-remote", "host:1", "--token-file", "/"], 78, /it is a folder/],
    ["an empty file", ["-remote", "host:1", "--token-file", "/dev/null"], 78, /the token is empty/],
    [
      "a network that is none",
      ["-remote", "host:1", "-token", SECRET, "-exclude", "10.0.0.0/8,x"],
      64,
      /invalid network "x": expected a CIDR/,
    ],
    ["an unknown flag", ["-remote", "host:1", "-token", SECRET, "--tokn", "x"], 64, /--tokn/],
    [
      "status where nothing runs",
      ["status", "--control", "/nonexistent/accessor.sock"],
      3,
      /docker-accessor/,
    ],
  ] as const
) {
  Deno.test(`${title}: exit status ${status} and one line that says what to do`, async () => {
    const { status: found, stderr, stdout } = await outcome(...args);
    assert.equal(found, status);
    assert.match(stderr, words);
    assert.equal(
      stderr.trimEnd().split("\n").filter((line) => line.startsWith("docker-accessor: ")).length,
      1,
    );
    assert.ok(!stderr.includes(SECRET), stderr);
    assert.equal(stdout, "");
  });
}
