import assert from "node:assert/strict";
import { configureLog } from "../../program/log.ts";
import { parseAddress } from "../../core/net/address.ts";
import { WeakTokens } from "./weak_tokens.ts";

const token = (name: string, number: number) => ({
  name,
  address: parseAddress(`192.168.251.${number}`) ?? assert.fail(),
});
const STRONG = "8k3m5n7p9q2r4s6t8v1w3x5y7z";

Deno.test("weak tokens are warned about once, by their addresses", async () => {
  const lines: string[] = [];
  configureLog({ level: "info", format: "text", color: false, write: (line) => lines.push(line) });
  const weak = new WeakTokens();
  await weak.update([token("secret1", 3), token(STRONG, 4)]);
  assert.equal(weak.count, 1);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /docker-connector token generate.* addresses=192\.168\.251\.3\n/);
  await weak.update([token("secret1", 3), token(STRONG, 4)]);
  await weak.update([token("secret1", 5)]);
  assert.equal(lines.length, 1);
  const many = Array.from({ length: 100 }, (_, index) => token(`password${index}`, 10 + index));
  await weak.update([token("secret1", 5), ...many]);
  assert.deepEqual([weak.count, lines.length], [101, 2]);
  assert.match(lines[1] ?? "", /192\.168\.251\.17 and 92 more/);
  assert.ok(lines.every((line) => !/secret1|password|8k3m/.test(line)));
  await weak.update([token(STRONG, 4)]);
  assert.equal(weak.count, 0);
});
