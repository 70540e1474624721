import assert from "node:assert/strict";
import { versionLine } from "../program/build_info.ts";

function spawn(...args: string[]): Deno.ChildProcess {
  const main = new URL("./main.ts", import.meta.url).href;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-env=NO_COLOR,TERM", main, ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("the version needs no permission but to look for NO_COLOR", async () => {
  const { code, stdout, stderr } = await spawn("--version").output();
  assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
  assert.equal(new TextDecoder().decode(stdout), `${versionLine("docker-connector")}\n`);
});

Deno.test("a reader that closes the pipe early is no fault", async () => {
  const child = spawn("completions", "bash");
  await child.stdout.cancel();
  const errors = await new Response(child.stderr).text();
  assert.deepEqual([(await child.status).code, errors], [0, ""]);
});
