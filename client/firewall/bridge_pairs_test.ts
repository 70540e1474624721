import assert from "node:assert/strict";
import { formatAddress } from "../../core/net/address.ts";
import { parseControl } from "../../core/protocol/control.ts";
import { address, prefix } from "../../tests/literals.ts";
import { BridgePairs, findBridges } from "./bridge_pairs.ts";

/** The wanted pairs after these texts. */
function after(...texts: string[]): string[] {
  const pairs = new BridgePairs();
  for (const text of texts) pairs.take(parseControl(text));
  return pairs.wanted.map(({ a, b }) => `${formatAddress(a)} ${formatAddress(b)}`);
}

Deno.test("pairs come and go, whichever network is named first", () => {
  assert.deepEqual(after("connect 172.18.0.0 172.19.0.0"), ["172.18.0.0 172.19.0.0"]);
  assert.deepEqual(after("connect 172.18.0.0 172.19.0.0,disconnect 172.19.0.0 172.18.0.0"), []);
  assert.equal(after("connect 172.18.0.0 172.19.0.0", "connect 172.19.0.0 172.18.0.0").length, 1);
});

Deno.test("a text with the version says everything, any other what is new", () => {
  const first = "version 2,connect 172.18.0.0 172.19.0.0";
  assert.deepEqual(after(first, "version 2,connect 172.18.0.0 172.20.0.0"), ["172.18.0.0 172.20.0.0"]);
  assert.deepEqual(after(first, "version 2"), []);
  assert.deepEqual(after(first, "connect 172.18.0.0 172.20.0.0").length, 2);
  assert.deepEqual(after(first, "").length, 1);
});

Deno.test("commands that make no sense change nothing and are counted", () => {
  const pairs = new BridgePairs();
  const text =
    "connect 172.18.0.0,connect a b,disconnect,connect 10.0.0.0 10.0.0.0,connect 1.0.0.0 2.0.0.0 3.0.0.0," +
    "connect 172.18.0.0/16 172.19.0.0/16,connect -j 172.19.0.0,connect 172.18.0.0 172.19.0.0";
  assert.equal(pairs.take(parseControl(text)), 7);
  assert.equal(pairs.wanted.length, 1);
});

Deno.test("a pair has bridges when both networks are there, each by its network address", () => {
  const bridges = [
    { name: "docker0", subnets: [prefix("172.17.0.0/16")] },
    { name: "br-1", subnets: [prefix("fd00::/64"), prefix("172.18.0.0/16")] },
  ];
  const found = (a: string, b: string) =>
    findBridges([{ a: address(a), b: address(b) }], bridges).map((each) =>
      each.bridges?.map(({ name }) => name)
    );
  assert.deepEqual(found("172.18.0.0", "172.17.0.0"), [["br-1", "docker0"]]);
  assert.deepEqual(found("172.18.0.0", "172.19.0.0"), [undefined]);
  assert.deepEqual(found("172.18.0.1", "172.17.0.0"), [undefined]);
  assert.deepEqual(found("172.18.0.0", "fd00::"), [undefined]);
});
