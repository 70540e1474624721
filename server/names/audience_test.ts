import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../core/config/config.ts";
import { address } from "../../core/names/zone_fixture.ts";
import { parsePrefix, type Prefix } from "../../core/net/prefix.ts";
import { type AudienceDeps, audienceOf, isReached } from "./audience.ts";

function prefix(text: string): Prefix {
  const read = parsePrefix(text);
  assert.ok(read);
  return read;
}

const DEPS: AudienceDeps = {
  config: () => ({
    ...DEFAULT_CONFIG,
    routes: [
      { prefix: prefix("172.21.0.0/16"), expose: true },
      { prefix: prefix("172.22.0.0/16"), expose: false },
    ],
  }),
  ownAddresses: ["192.168.251.1", "192.168.251.2", "fdc0:c0de:251::2"].map(address),
  subnets: () => [
    { prefix: prefix("172.17.0.0/16"), use: "route" },
    { prefix: prefix("172.30.0.0/16"), use: "off" },
  ],
};

Deno.test("the desktop and containers are told all names, accessors exposed ones, the local network none", () => {
  const audiences = {
    all: [
      "127.0.0.1",
      "::1",
      "192.168.251.2",
      "192.168.251.1",
      "fdc0:c0de:251::2",
      "172.17.0.9",
      "172.22.1.1",
    ],
    exposed: ["192.168.251.7", "fdc0:c0de:251::9"],
    nobody: ["192.168.1.5", "10.0.0.1", "8.8.8.8", "fe80::1", "2001:db8::1"],
  };
  for (const [audience, senders] of Object.entries(audiences)) {
    for (const sender of senders) {
      assert.equal(audienceOf(address(sender), DEPS) ?? "nobody", audience, sender);
    }
  }
});

Deno.test("accessors reach exposed routes alone, the others all networks but those that are switched off", () => {
  const reached = (text: string) => [
    isReached(address(text), "all", DEPS),
    isReached(address(text), "exposed", DEPS),
  ];
  assert.deepEqual(reached("172.21.0.5"), [true, true]);
  assert.deepEqual(reached("172.22.0.5"), [true, false]);
  assert.deepEqual(reached("172.17.0.5"), [true, false]);
  assert.deepEqual(reached("172.30.0.5"), [false, false]);
});
