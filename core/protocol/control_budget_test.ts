import assert from "node:assert/strict";
import { ControlBudget } from "./control_budget.ts";

Deno.test("a flood of heartbeats from forged addresses draws 4 KiB a second after the first 64", () => {
  const budget = new ControlBudget(0);
  let octets = 0;
  for (let now = 0; now < 10_000; now++) if (budget.take(3000, now)) octets += 3000;
  assert.ok(octets > 90_000 && octets <= 104 * 1024, String(octets));
});

Deno.test("the longest text goes when the budget is full", () => {
  const budget = new ControlBudget(0);
  assert.equal(budget.take(200_000, 0), true);
  assert.equal(budget.take(1, 0), false);
  assert.equal(budget.take(200_000, 16_000), true);
});
