import assert from "node:assert/strict";
import { hasBridgeOf } from "./local_engine.ts";
import { prefix } from "../../tests/literals.ts";

const ID = "0123456789abcdef".repeat(4);
const NETWORKS = [
  { id: "f".repeat(64), name: "bridge", subnets: [prefix("172.17.0.0/16")] },
  { id: ID, name: "app", subnets: [prefix("fd00::/64"), prefix("172.18.0.0/16")] },
];

Deno.test("a bridge by its name and subnet shows that the Engine is here", () => {
  for (const [interfaceName, own] of [["docker0", "172.17.0.1/16"], ["br-0123456789ab", "172.18.0.0/16"]]) {
    assert.equal(hasBridgeOf(NETWORKS, [{ prefix: prefix(own ?? ""), interfaceName }]), true);
  }
});

Deno.test("another interface, another subnet or another Engine's bridge does not", () => {
  for (
    const [interfaceName, own] of [
      ["eth0", "172.17.0.0/16"],
      ["docker0", "172.16.0.0/16"],
      ["docker0", "172.18.0.0/16"],
      ["br-0123456789ac", "172.18.0.0/16"],
      [undefined, "172.17.0.0/16"],
    ] as const
  ) {
    assert.equal(hasBridgeOf(NETWORKS, [{ prefix: prefix(own), interfaceName }]), false, interfaceName);
  }
});
