import assert from "node:assert/strict";
import { parseAddress } from "../../core/net/address.ts";
import { parsePrefix } from "../../core/net/prefix.ts";
import { findBridges } from "./find_bridges.ts";

function pair(a: string, b: string) {
  const [first, second] = [parseAddress(a), parseAddress(b)];
  assert.ok(first && second);
  return { a: first, b: second };
}

function bridge(name: string, ...subnets: string[]) {
  return { name, subnets: subnets.map(parsePrefix).filter((subnet) => subnet !== undefined) };
}

Deno.test("a pair has bridges when both networks are there, each by its network address", () => {
  const bridges = [bridge("docker0", "172.17.0.0/16"), bridge("br-1", "fd00::/64", "172.18.0.0/16")];
  const found = (a: string, b: string) =>
    findBridges([pair(a, b)], bridges).map((each) => each.bridges?.map(({ name }) => name));
  assert.deepEqual(found("172.18.0.0", "172.17.0.0"), [["br-1", "docker0"]]);
  assert.deepEqual(found("172.18.0.0", "172.19.0.0"), [undefined]);
  assert.deepEqual(found("172.18.0.1", "172.17.0.0"), [undefined]);
  assert.deepEqual(found("172.18.0.0", "fd00::"), [undefined]);
});
