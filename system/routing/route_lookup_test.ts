import assert from "node:assert/strict";
import { linuxLibc } from "../../ffi/libc/libc_linux.ts";
import { address } from "../../tests/literals.ts";
import { interfaceTowards } from "./route_lookup.ts";

if (Deno.build.os === "linux") linuxLibc();
const options = { ignore: Deno.build.os !== "linux", sanitizeResources: false };

Deno.test("an address of this machine leads to no interface (needs Linux)", options, async () => {
  assert.equal(await interfaceTowards(address("127.0.0.1")), undefined);
});
