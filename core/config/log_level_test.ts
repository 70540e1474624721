import assert from "node:assert/strict";
import { LOG_LEVELS, parseLogLevel } from "./log_level.ts";

Deno.test("levels are read in any letter case, with the original's names", () => {
  for (const level of LOG_LEVELS) assert.equal(parseLogLevel(level.toUpperCase()), level);
  assert.deepEqual(["CRITICAL", "Warning", "notice"].map(parseLogLevel), ["error", "warn", "info"]);
  assert.deepEqual(["", "inf", "trace", "__proto__"].map(parseLogLevel), Array(4).fill(undefined));
});
