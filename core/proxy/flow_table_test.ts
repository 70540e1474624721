import assert from "node:assert/strict";
import { FLOW_IDLE_MS, FlowTable } from "./flow_table.ts";

Deno.test("a flow that is used stays, one that was idle for two minutes ends", () => {
  const table = new FlowTable<string>(10);
  table.add("a", "flow a", 0);
  table.add("b", "flow b", 0);
  assert.equal(table.use("a", FLOW_IDLE_MS - 1), "flow a");
  assert.deepEqual(table.expire(FLOW_IDLE_MS - 1), []);
  assert.deepEqual(table.expire(FLOW_IDLE_MS), ["flow b"]);
  assert.equal(table.use("b", FLOW_IDLE_MS), undefined);
  assert.deepEqual(table.expire(2 * FLOW_IDLE_MS), ["flow a"]);
  assert.equal(table.size, 0);
});

Deno.test("one too many takes the place of the one that was idle for longest", () => {
  const table = new FlowTable<string>(2);
  assert.equal(table.add("a", "flow a", 0), undefined);
  table.add("b", "flow b", 1);
  table.use("a", 2);
  assert.equal(table.add("c", "flow c", 3), "flow b");
  assert.equal(table.size, 2);
  assert.deepEqual(table.clear(), ["flow a", "flow c"]);
  assert.equal(table.remove("a"), undefined);
});
