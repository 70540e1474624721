import assert from "node:assert/strict";
import { formatPrefix } from "../net/prefix.ts";
import { halvesOf } from "./halves.ts";
import { prefix } from "../../tests/literals.ts";

const halves = (text: string) => halvesOf(prefix(text))?.map(formatPrefix);

Deno.test("the halves of a prefix are one bit longer and cover it", () => {
  assert.deepEqual(halves("172.18.0.0/16"), ["172.18.0.0/17", "172.18.128.0/17"]);
  assert.deepEqual(halves("172.18.9.9/16"), ["172.18.0.0/17", "172.18.128.0/17"]);
  assert.deepEqual(halves("10.5.0.0/23"), ["10.5.0.0/24", "10.5.1.0/24"]);
  assert.deepEqual(halves("192.168.7.2/31"), ["192.168.7.2/32", "192.168.7.3/32"]);
  assert.deepEqual(halves("0.0.0.0/0"), ["0.0.0.0/1", "128.0.0.0/1"]);
  assert.deepEqual(halves("fd00:1::/64"), ["fd00:1::/65", "fd00:1:0:0:8000::/65"]);
});

Deno.test("a single address has no halves", () => {
  assert.equal(halves("10.1.2.3/32"), undefined);
  assert.equal(halves("fd00::1/128"), undefined);
});
