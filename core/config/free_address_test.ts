import assert from "node:assert/strict";
import { formatAddress } from "../net/address.ts";
import { freeAddress } from "./virtual_network.ts";
import { parseConfig } from "./parse.ts";

function free(text: string): string | undefined {
  const { config } = parseConfig(text, "c.conf");
  assert(config !== undefined, text);
  const address = freeAddress(config);
  return address && formatAddress(address);
}

Deno.test("the lowest address that nobody has is free", () => {
  assert.equal(free(""), "192.168.251.3");
  assert.equal(free("token a 192.168.251.4\ntoken b 192.168.251.3"), "192.168.251.5");
  assert.equal(free("addr 10.0.0.100/24"), "10.0.0.1");
  assert.equal(free("addr 10.255.255.1/8"), "10.0.0.1");
});

Deno.test("a full network has none", () => {
  assert.equal(free("addr 10.0.0.1/30"), undefined);
  assert.equal(
    free("addr 10.0.0.1/29\n" + [3, 4, 5].map((end) => `token t${end} 10.0.0.${end}\n`).join("")),
    "10.0.0.6",
  );
  assert.equal(
    free("addr 10.0.0.1/29\n" + [3, 4, 5, 6].map((end) => `token t${end} 10.0.0.${end}\n`).join("")),
    undefined,
  );
});
