import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { isComplete, parseOptions, PARTS } from "./options.ts";
import { SUBJECTS } from "./subjects.ts";

Deno.test("without arguments every part of every lane is measured seven times", () => {
  assert.deepEqual(parseOptions([]), {
    rounds: 7,
    seconds: 2,
    parts: new Set(PARTS),
    subjects: new Set(SUBJECTS),
    long: false,
  });
});

Deno.test("parts, lanes, rounds and seconds can be chosen", () => {
  const args = ["--rounds", "5", "--seconds=1", "--only", "udp,rtt", "--lanes", "VXLAN,accessor", "--long"];
  const [parts, subjects] = [new Set(["udp", "rtt"]), new Set(["VXLAN", "accessor"])];
  assert.deepEqual(parseOptions(args), { rounds: 5, seconds: 1, parts, subjects, long: true });
});

Deno.test("only a run of everything, the long transfer too, may stand for the latest", () => {
  assert.equal(isComplete(parseOptions(["--long"])), true);
  for (const args of [[], ["--long", "--only", "tcp"], ["--long", "--lanes", "VXLAN"]]) {
    assert.equal(isComplete(parseOptions(args)), false, args.join(" "));
  }
});

Deno.test("what is no number, no part or no flag is a fault of usage", () => {
  for (
    const args of [["--rounds", "0"], ["--seconds", "1.5"], ["--only", "tcp,"], ["--fast"], ["tcp"], [
      "--lanes",
      "TUN",
    ]]
  ) {
    assert.throws(
      () => parseOptions(args),
      (error) => error instanceof OperationError && error.code === "usage",
      args.join(" "),
    );
  }
});
