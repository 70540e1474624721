import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { EXIT_STATUS, exitStatusOf } from "./exit_status.ts";

Deno.test("each kind of fault has the exit status scripts rely on", () => {
  assert.deepEqual(EXIT_STATUS, {
    "usage": 64,
    "unavailable": 69,
    "io": 74,
    "privilege": 77,
    "config": 78,
    "not-running": 3,
    "failure": 1,
  });
});

Deno.test("a fault exits by its code, anything else with 1", () => {
  assert.equal(exitStatusOf(new OperationError("privilege", "Cannot open the TUN device: not root")), 77);
  assert.equal(exitStatusOf(new TypeError("x is undefined")), 1);
  assert.equal(exitStatusOf("thrown text"), 1);
});
