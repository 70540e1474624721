import assert from "node:assert/strict";
import { V8_FLAGS } from "../../tools/programs.ts";
import { commands } from "./main.ts";

Deno.test("every micro-benchmark is run once, under the flags of the programs", () => {
  const all = commands();
  assert.ok(all.every((args) => args.includes(`--v8-flags=${V8_FLAGS.join(",")}`)));
  const run = all.flat().filter((word) => word.endsWith(".ts")).map((path) => path.split("/").at(-1)).sort();
  const folder = new URL(".", import.meta.url);
  const there = Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => /_bench\.ts$|^token_cost\.ts$/.test(name)).sort();
  assert.deepEqual(run, there);
});
