import assert from "node:assert/strict";
import fc from "fast-check";
import { formatPrefix } from "../net/prefix.ts";
import { readNetworks } from "./networks.ts";

/** An entry with the fields that Engine 20.10 gives. */
function entry(name: string, subnets: readonly unknown[], driver = "bridge"): Record<string, unknown> {
  return {
    Name: name,
    Id: `id-${name}`,
    Created: "2026-03-01T12:00:00.123456789Z",
    Scope: "local",
    Driver: driver,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: subnets.map((Subnet) => ({ Subnet, Gateway: "x" })) },
    Internal: false,
    Containers: {},
    Options: {},
    Labels: {},
  };
}

/** The networks as lines. */
function lines(answer: unknown): string[] | undefined {
  return readNetworks(answer)?.networks.map(({ name, subnets }) =>
    [name, ...subnets.map(formatPrefix)].join(" ")
  );
}

Deno.test("bridge networks are listed by name with the subnets of both families", () => {
  const answer = [
    entry("host", [], "host"),
    entry("web", ["172.18.0.0/16", "fd00:1::/64"]),
    entry("swarm", ["10.0.0.0/24"], "overlay"),
    entry("bridge", ["172.17.0.0/16"]),
    entry("lan", ["192.168.1.0/24"], "macvlan"),
  ];
  assert.deepEqual(lines(answer), ["bridge 172.17.0.0/16", "web 172.18.0.0/16 fd00:1::/64"]);
  assert.equal(readNetworks(answer)?.unreadable, 0);
});

Deno.test("a subnet loses its host bits and is there once", () => {
  assert.deepEqual(lines([entry("a", ["10.1.2.3/24", "10.1.2.0/24", "FD00::1/64"])]), [
    "a 10.1.2.0/24 fd00::/64",
  ]);
});

Deno.test("a network without subnets is one all the same", () => {
  assert.deepEqual(lines([{ ...entry("a", []), IPAM: null }, entry("b", [])]), ["a", "b"]);
});

Deno.test("what cannot be read is counted, the rest is taken", () => {
  const answer = [
    entry("good", ["10.0.0.0/24", "10.0.1.0", 7, ""]),
    entry("", ["10.1.0.0/24"]),
    entry("x".repeat(300), ["10.2.0.0/24"]),
    { ...entry("a", []), Driver: undefined },
    null,
    "network",
    7,
  ];
  assert.deepEqual(lines(answer), ["good 10.0.0.0/24"]);
  assert.equal(readNetworks(answer)?.unreadable, 3 + 6);
});

Deno.test("the number of networks is bounded", () => {
  const list = readNetworks(Array.from({ length: 5000 }, (_, index) => entry(`n${index}`, [])));
  assert.equal(list?.networks.length, 4096);
  assert.equal(list?.unreadable, 904);
});

Deno.test("no JSON value makes it fail, and what is no list is none", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.equal(readNetworks(value) === undefined, !Array.isArray(value));
  }));
  const odd = fc.record({
    Name: fc.jsonValue(),
    Id: fc.string(),
    Driver: fc.constantFrom("bridge", 7, null),
    IPAM: fc.jsonValue(),
  }, { requiredKeys: [] });
  fc.assert(fc.property(fc.array(odd), (value) => assert(readNetworks(value) !== undefined)));
});
