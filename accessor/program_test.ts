import assert from "node:assert/strict";
import { CapturedTerminal } from "../cli/captured_terminal.ts";
import { runProgram } from "../cli/program.ts";
import { accessor } from "./program.ts";

Deno.test("the accessor says that it is not built yet, whatever flags of the original it gets", async () => {
  for (
    const args of [[], ["run"], ["status"], ["-remote", "192.0.2.1:2512", "-token", "hunter2", "-debug"]]
  ) {
    const terminal = new CapturedTerminal();
    assert.equal(await runProgram(accessor, args, terminal), 69);
    assert.equal(terminal.stderr.split("\n")[0], "docker-accessor: not built yet");
    assert.equal(terminal.stdout, "");
  }
});
