import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { parseOptions, PARTS } from "./options.ts";

Deno.test("without arguments every part is measured three times", () => {
  assert.deepEqual(parseOptions([]), { rounds: 3, seconds: 2, parts: new Set(PARTS), long: false });
});

Deno.test("parts, rounds and seconds can be chosen", () => {
  const options = parseOptions(["--rounds", "5", "--seconds=1", "--only", "udp,rtt", "--long"]);
  assert.deepEqual(options, { rounds: 5, seconds: 1, parts: new Set(["udp", "rtt"]), long: true });
});

Deno.test("what is no number, no part or no flag is a fault of usage", () => {
  for (const args of [["--rounds", "0"], ["--seconds", "1.5"], ["--only", "tcp,"], ["--fast"], ["tcp"]]) {
    assert.throws(
      () => parseOptions(args),
      (error) => error instanceof OperationError && error.code === "usage",
      args.join(" "),
    );
  }
});
