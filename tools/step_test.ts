import { deepEqual, equal, match } from "node:assert/strict";
import { formatResult, type Result, runSteps } from "./step.ts";

const shell = (name: string, script: string) => ({ name, argv: ["/bin/sh", "-c", script] });

Deno.test("every step runs, also after a failure, and its whole output is kept", async () => {
  const steps = [shell("bad", "echo out; echo err >&2; exit 3"), shell("good", "pwd")];
  const reported: string[] = [];
  const results = await runSteps(steps, { cwd: "/", atOnce: 1, report: ({ name }) => reported.push(name) });
  deepEqual(results.map(({ success, output }) => [success, output]), [[false, "out\nerr\n"], [true, "/\n"]]);
  deepEqual(reported, ["bad", "good"]);
});

Deno.test("steps run at the same time when told to, and the results keep their order", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // Each step waits for the other: one after the other they would never end.
    const script = (own: string, other: string) =>
      `mkfifo -m 600 ${own} 2>/dev/null; echo > ${own} & cat ${other}`;
    await new Deno.Command("mkfifo", { args: ["a", "b"], cwd: folder }).output();
    const results = await runSteps([shell("first", script("a", "b")), shell("second", script("b", "a"))], {
      cwd: folder,
      atOnce: 2,
      report: () => {},
    });
    deepEqual(results.map(({ name, success }) => [name, success]), [["first", true], ["second", true]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a failed step shows its output, a good one does not", () => {
  const result: Result = { name: "lint", success: false, seconds: 1.25, output: "one\ntwo\n" };
  match(formatResult(result), /^FAIL lint \(1\.\d s\)\none\ntwo$/);
  equal(formatResult({ ...result, success: true }).includes("two"), false);
});
