import { deepEqual } from "node:assert/strict";
import { addTallies, avoidableSkips, NO_TESTS, parseJunit, slowestTests } from "./junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.009">
    <testsuite name="./core/a_test.ts" tests="4" disabled="2" errors="0" failures="1">
        <testcase name="opens a device (needs root on Linux)" classname="./core/a_test.ts" time="0.000" line="1" col="6">
            <skipped/>
        </testcase>
        <testcase name="says &lt;a&gt; &amp; &quot;b&quot;" classname="./core/a_test.ts" time="0.001" line="1" col="6">
            <failure message="Uncaught Error: x">Error: &lt;testcase name=&quot;no&quot;&gt;&lt;skipped/&gt;
    at file:///a_test.ts:1:100</failure>
        </testcase>
        <testcase name="passes" classname="./core/a_test.ts" time="2.500" line="2" col="6">
        </testcase>
        <testcase name="opens utun (needs macOS)" classname="./core/a_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("a report is counted by outcome, markup in messages apart", () => {
  deepEqual(parseJunit(REPORT), {
    passed: 1,
    failed: ['core/a_test.ts: says <a> & "b"'],
    skipped: [
      "core/a_test.ts: opens a device (needs root on Linux)",
      "core/a_test.ts: opens utun (needs macOS)",
    ],
    times: [
      { name: 'core/a_test.ts: says <a> & "b"', seconds: 0.001 },
      { name: "core/a_test.ts: passes", seconds: 2.5 },
    ],
  });
});

Deno.test("the slowest tests come first, by the name of the run", () => {
  deepEqual(slowestTests(parseJunit(REPORT, "from source: b_test.ts"), 1), [
    { name: "from source: b_test.ts: passes", seconds: 2.5 },
  ]);
});

Deno.test("tallies of several runs add up", () => {
  const tally = parseJunit(REPORT);
  const sum = addTallies(NO_TESTS, tally, tally);
  deepEqual([sum.passed, sum.failed.length, sum.skipped.length], [2, 2, 4]);
});

Deno.test("a test for the other system is no avoidable skip", () => {
  const tally = parseJunit(REPORT);
  deepEqual(avoidableSkips(tally, "linux"), ["core/a_test.ts: opens a device (needs root on Linux)"]);
  deepEqual(avoidableSkips(tally, "darwin"), ["core/a_test.ts: opens utun (needs macOS)"]);
});

Deno.test("a test on an Engine that this machine cannot get is no avoidable skip", () => {
  const gone = "a_test.ts: routes (needs Debian's forky, not to be had: forky is not served)";
  const failed = "a_test.ts: routes (needs Debian's forky, not fetched: no route to the mirror)";
  deepEqual(avoidableSkips({ ...NO_TESTS, skipped: [gone, failed] }, "linux"), [failed]);
});
