import assert from "node:assert/strict";
import { pacedProgress } from "./paced_progress.ts";

Deno.test("progress is told every three seconds, with what is known then", () => {
  let now = 100;
  const told: string[] = [];
  const tell = pacedProgress((words) => told.push(`${now}: ${words}`), () => now);
  for (let done = 0; now < 10_000; done += 50_000, now += 100) tell("download", done, 34_560_000);
  assert.deepEqual(told, [
    "3100: download 1.5 of 34.6 MB",
    "6100: download 3.0 of 34.6 MB",
    "9100: download 4.5 of 34.6 MB",
  ]);
});
