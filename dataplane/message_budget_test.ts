import assert from "node:assert/strict";
import { MessageBudget, MESSAGES_PER_SECOND } from "./message_budget.ts";

/** How many of the messages that come each millisecond for ten seconds are taken. */
function taken(budget: MessageBudget, perMillisecond: number, isKnown: (index: number) => boolean) {
  const count = { known: 0, strangers: 0 };
  for (let now = 0; now < 10_000; now++) {
    for (let index = 0; index < perMillisecond; index++) {
      const known = isKnown(now * perMillisecond + index);
      if (budget.take(known, now)) count[known ? "known" : "strangers"]++;
    }
  }
  return count;
}

Deno.test("of a flood by strangers half the budget goes to the main thread", () => {
  const { strangers } = taken(new MessageBudget(0), 50, () => false);
  assert.ok(strangers <= 10 * MESSAGES_PER_SECOND / 2 + 128, String(strangers));
  assert.ok(strangers >= 10 * MESSAGES_PER_SECOND / 2, String(strangers));
});

Deno.test("the other half is there for the known ones, whatever strangers send", () => {
  // One in a hundred is known: 500 a second.
  const { known } = taken(new MessageBudget(0), 50, (index) => index % 100 === 0);
  assert.equal(known, 10 * 500);
});

Deno.test("known ones are bounded too", () => {
  const { known } = taken(new MessageBudget(0), 50, () => true);
  assert.ok(known <= 10 * MESSAGES_PER_SECOND + 2 * 128, String(known));
});
