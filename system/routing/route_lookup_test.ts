import assert from "node:assert/strict";
import { address } from "../../tests/literals.ts";
import { interfaceTowards } from "./route_lookup.ts";

// The libraries that a look-up opens stay for the life of the thread, so they are no leak of a test.
if (Deno.build.os === "linux") await interfaceTowards(address("127.0.0.1"));
const options = { ignore: Deno.build.os !== "linux" };

Deno.test("an address of this machine leads to no interface (needs Linux)", options, async () => {
  assert.equal(await interfaceTowards(address("127.0.0.1")), undefined);
});
