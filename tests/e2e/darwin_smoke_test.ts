/** `deno task smoke:macos` on Linux, over the doubles of tests/darwin. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DARWIN_NEEDS, topologyTest } from "../topology/gate.ts";
import { run } from "../topology/process.ts";

topologyTest("the smoke test for a Mac passes", async () => {
  const script = fileURLToPath(new URL("../macos_smoke/main.ts", import.meta.url));
  const argv = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", script];
  const { code, stdout, stderr } = await run(argv, { deadline: 120_000 });
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /^ok {2}198\.18\.77\.2: .* packets of up to 9000$/m);
  assert.match(stdout, /^ok {2}after SIGKILL /m);
}, DARWIN_NEEDS);
