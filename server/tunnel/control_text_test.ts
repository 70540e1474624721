import assert from "node:assert/strict";
import { parseAddress } from "../../core/net/address.ts";
import { parsePrefix } from "../../core/net/prefix.ts";
import { parseControl } from "../../core/protocol/control.ts";
import { changeControlText, fullControlText, revisionText } from "./control_text.ts";

function pair(a: string, b: string, connect: boolean) {
  const [first, second] = [parseAddress(a), parseAddress(b)];
  assert.ok(first && second);
  return { a: first, b: second, connect };
}

const pairs = [pair("172.17.0.0", "172.18.0.0", true), pair("172.17.0.0", "10.1.0.0", false)];

/** What a client makes of a text. */
const read = (text: string) => parseControl(text).map(({ name, words }) => [name, ...words]);

const commands = [
  ["connect", "172.17.0.0", "172.18.0.0"],
  ["disconnect", "172.17.0.0", "10.1.0.0"],
];

Deno.test("a new client is told the control version first, then every pair", () => {
  assert.deepEqual(read(fullControlText([])), [["version", "2"]]);
  assert.deepEqual(read(fullControlText(pairs)), [["version", "2"], ...commands]);
});

Deno.test("a client that knows the rest is told what changed", () => {
  assert.deepEqual(read(changeControlText(pairs)), commands);
  assert.deepEqual(read(changeControlText([])), []);
});

Deno.test("a client that described itself is told everything, with the revision", () => {
  const without = read(revisionText(7, undefined, []));
  assert.deepEqual(without, [["version", "2"], ["revision", "7"], ["addr6", "off"]]);
  const addr6 = parsePrefix("fdc0:c0de:251::1/64");
  assert.deepEqual(read(revisionText(8, addr6, pairs)), [
    ["version", "2"],
    ["revision", "8"],
    ["addr6", "fdc0:c0de:251::1/64"],
    ...commands,
  ]);
});

Deno.test("a client is told how long packets the server's interface takes, where that cuts none", () => {
  assert.deepEqual(read(revisionText(7, undefined, pairs, 16_000)), [
    ["version", "2"],
    ["revision", "7"],
    ["addr6", "off"],
    ["engine-mtu", "16000"],
    ...commands,
  ]);
});
