/** The macOS suite tells what failed in the files that it runs. */
import assert from "node:assert/strict";
import { faultsOf } from "../darwin/inner_run.ts";

Deno.test("faults are told by the name of the innermost test, with their message", () => {
  const report = `<testsuites>
    <testcase name="outer" classname="./a_test.ts" time="0.006">
      <failure message="1 test step failed">1 test step failed.</failure>
    </testcase>
    <testcase name="fine" classname="./a_test.ts" time="0.000"/>
    <testcase name="left out" classname="./a_test.ts" time="0.000">
      <skipped/>
    </testcase>
    <testcase name="outer &gt; inner &lt;a&gt;" classname="./a_test.ts" time="0.001">
      <failure message="Uncaught Error: 1 !== &quot;2&quot;">Error: 1 !== &quot;2&quot;
    at file:///a_test.ts:1:75
    at innerWrapped (ext:cli/40_test.js:300:11)</failure>
    </testcase></testsuites>`;
  assert.deepEqual(faultsOf(report), [
    "skipped: left out",
    'failed: outer > inner <a>\n  Error: 1 !== "2"\n      at file:///a_test.ts:1:75',
  ]);
});
