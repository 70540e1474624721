import assert from "node:assert/strict";
import { fault } from "./fault_table.ts";
import { summarize } from "./summary.ts";

const silent = fault("client.silent", { seconds: 9 });
const weak = fault("sharing.weak-token", { count: 1 });

Deno.test("what is sound is said, with the number of warnings", () => {
  assert.equal(summarize([], "up: all"), "up: all");
  assert.equal(summarize([weak], "up: all"), "up: all; 1 warning");
});

Deno.test("the first fault is said, with the number of the others", () => {
  assert.equal(summarize([silent], "up"), `${silent.title}: ${silent.text}`);
  assert.equal(summarize([silent, weak, weak], "up"), `${silent.title}: ${silent.text} (and 2 more faults)`);
});
