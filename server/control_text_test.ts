import assert from "node:assert/strict";
import { parseAddress } from "../core/net/address.ts";
import { parsePrefix } from "../core/net/prefix.ts";
import { parseControl } from "../core/protocol/control.ts";
import { changeControlText, fullControlText, revisionText } from "./control_text.ts";

function pair(a: string, b: string, connect: boolean) {
  const [first, second] = [parseAddress(a), parseAddress(b)];
  assert.ok(first && second);
  return { a: first, b: second, connect };
}

const pairs = [pair("172.17.0.0", "172.18.0.0", true), pair("172.17.0.0", "10.1.0.0", false)];

Deno.test("a new client is told the control version first, then every pair", () => {
  assert.equal(fullControlText([]), "version 2");
  assert.equal(
    fullControlText(pairs),
    "version 2,connect 172.17.0.0 172.18.0.0,disconnect 172.17.0.0 10.1.0.0",
  );
});

Deno.test("a client that knows the rest is told what changed", () => {
  assert.equal(changeControlText(pairs.slice(0, 1)), "connect 172.17.0.0 172.18.0.0");
  assert.deepEqual(parseControl(changeControlText(pairs)), [
    { name: "connect", words: ["172.17.0.0", "172.18.0.0"] },
    { name: "disconnect", words: ["172.17.0.0", "10.1.0.0"] },
  ]);
});

Deno.test("a client that described itself is told everything, with the revision", () => {
  assert.equal(revisionText(7, undefined, []), "version 2,revision 7,addr6 off");
  const addr6 = parsePrefix("fdc0:c0de:251::1/64");
  assert.equal(
    revisionText(8, addr6, pairs.slice(0, 1)),
    "version 2,revision 8,addr6 fdc0:c0de:251::1/64,connect 172.17.0.0 172.18.0.0",
  );
});
