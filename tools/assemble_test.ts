import assert from "node:assert/strict";
import { assembledModule, locate, SOURCES } from "./assemble.ts";

for (const source of SOURCES) {
  Deno.test(`${source.path}_wasm.ts is what the .wat file assembles to`, async () => {
    const present = await Deno.readTextFile(locate(`${source.path}_wasm.ts`));
    assert.equal(present, await assembledModule(source));
  });
}
