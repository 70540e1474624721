import assert from "node:assert/strict";
import { assembledModule } from "./assemble.ts";

Deno.test("sum_wasm.ts is what sum.wat assembles to", async () => {
  const present = await Deno.readTextFile(new URL("../core/checksum/sum_wasm.ts", import.meta.url));
  assert.equal(present, await assembledModule());
});
