import { equal, throws } from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { parseSums } from "./sums.ts";

Deno.test("a line of SHA256SUMS that is none is refused", () => {
  const good = `${"a".repeat(64)}  one.tar.gz\n`;
  equal(parseSums(good).get("one.tar.gz"), "a".repeat(64));
  for (const bad of [good.slice(1), good.replace("  ", " "), "<html>\n"]) {
    throws(() => parseSums(good + bad), (error) => error instanceof OperationError, bad);
  }
});
