import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../core/config/config.ts";
import { KEYS } from "../../core/config/keys.ts";
import { parseConfig } from "../../core/config/parse.ts";
import { plan, type Step } from "../../core/config/plan.ts";
import { concerns, STEP_PARTS } from "./step_parts.ts";

/** The steps that lines bring about in a server that runs with the defaults. */
function stepsOf(text: string): Step[] {
  const { config } = parseConfig(text, "c.conf");
  assert(config !== undefined, text);
  return plan(DEFAULT_CONFIG, config);
}

/** The example of a key, or another value where the example is the default. */
function changedLine(name: string, example: string): string {
  return stepsOf(example).length > 0 ? example : name === "loglevel" ? "loglevel warn" : `${name} off`;
}

Deno.test("a key is documented as live exactly if a part of the server puts it in force", () => {
  for (const { name, example, reload } of KEYS) {
    if (reload === "needs a restart") continue;
    const steps = stepsOf(changedLine(name, example));
    assert(steps.length > 0, name);
    for (const { kind } of steps) {
      assert(kind !== "needs-restart", name);
      assert.equal(STEP_PARTS[kind].length > 0, reload === "reloads live", name);
    }
  }
});

Deno.test("steps concern the parts that follow them", () => {
  const steps = stepsOf("expose 0.0.0.0:2512\niptables 10.0.0.0+10.1.0.0");
  const parts = (["routes", "sharing", "client", "log"] as const).map((part) => concerns(part, steps));
  assert.deepEqual(parts, [true, true, true, false]);
  assert.equal(concerns("routes", stepsOf("port 9")), false);
});
