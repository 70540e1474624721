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
  const result: Result = {
    name: "lint",
    success: false,
    seconds: 1.25,
    timedOut: false,
    output: "one\ntwo\n",
  };
  match(formatResult(result), /^FAIL lint \(1\.\d s\)\none\ntwo$/);
  equal(formatResult({ ...result, success: true }).includes("two"), false);
});

Deno.test("a step is ended at its limit, and what it printed is kept", async () => {
  const step = { ...shell("slow", "echo started; exec sleep 60"), limit: 300 };
  const [result] = await runSteps([step], { cwd: "/", atOnce: 1, report: () => {} });
  deepEqual([result?.success, result?.timedOut, result?.output], [false, true, "started\n"]);
  match(formatResult(result as Result), /^FAIL slow \(.* s, ended at its limit\)/);
});

Deno.test("a step that starts after the deadline does not run", async () => {
  const steps = [shell("first", "exec sleep 60"), shell("second", "exec sleep 60")];
  const deadline = AbortSignal.timeout(200);
  const results = await runSteps(steps, { cwd: "/", atOnce: 1, deadline, report: () => {} });
  deepEqual(results.map(({ success, timedOut }) => [success, timedOut]), [[false, true], [false, true]]);
});
