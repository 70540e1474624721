import assert from "node:assert/strict";
import { parseLogLevel } from "./log_level.ts";

Deno.test("log level names are read in any case, the original's too", () => {
  assert.equal(parseLogLevel("info"), "info");
  assert.equal(parseLogLevel("DEBUG"), "debug");
  assert.equal(parseLogLevel("WARNING"), "warn");
  assert.equal(parseLogLevel("Notice"), "info");
  assert.equal(parseLogLevel("CRITICAL"), "error");
  assert.equal(parseLogLevel("loud"), undefined);
  assert.equal(parseLogLevel("toString"), undefined);
});
