import assert from "node:assert/strict";
import { assembleRoot } from "./root_tree.ts";

Deno.test("without a compiled client the tool says how to get one (needs Linux)", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await assert.rejects(assembleRoot("/nonexistent/root", "/nonexistent/client"), {
    code: "unavailable",
    message: "Cannot assemble the image: there is no /nonexistent/client",
    remedy: "Run deno task compile first",
  });
});
