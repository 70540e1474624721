import assert from "node:assert/strict";
import fc from "fast-check";
import { formatPrefix } from "../net/prefix.ts";
import { readContainers, readNetworks } from "./engine_json.ts";

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

const CONTAINER = {
  Id: "abc",
  Names: ["/mac-connector", "/alias"],
  Image: "mac-docker-connector:0.1.0",
  ImageID: "sha256:1",
  State: "running",
  Labels: { a: "b" },
  Ports: [],
};

Deno.test("containers are read, their names without the slash", () => {
  assert.deepEqual(readContainers([CONTAINER]), [{
    id: "abc",
    names: ["mac-connector", "alias"],
    image: "mac-docker-connector:0.1.0",
    imageId: "sha256:1",
    state: "running",
    labels: { a: "b" },
  }]);
});

Deno.test("names, labels and network may be missing, as Podman leaves them out", () => {
  assert.equal(
    readContainers([{ ...CONTAINER, HostConfig: { NetworkMode: "host" } }])?.[0]?.networkMode,
    "host",
  );
  const [read] =
    readContainers([{ ...CONTAINER, HostConfig: { NetworkMode: 7 }, Names: null, Labels: null }]) ??
      [];
  assert.deepEqual([read?.names, read?.labels, read?.networkMode], [[], {}, undefined]);
});

Deno.test("only a list of containers is read, and entries that cannot be read are left out", () => {
  for (const answer of [null, {}, "x", 7]) assert.equal(readContainers(answer), undefined);
  const faulty = [null, 7, [], {}, { ...CONTAINER, Id: "" }, { ...CONTAINER, State: 7 }, {
    ...CONTAINER,
    Image: null,
  }];
  assert.deepEqual(readContainers([...faulty, { ...CONTAINER, Id: "x".repeat(10_000) }]), []);
  const odd = readContainers([{ ...CONTAINER, Names: [7, "/a"], Labels: { a: 7, b: "c" } }]) ?? [];
  assert.deepEqual([odd[0]?.names, odd[0]?.labels], [["a"], { b: "c" }]);
});
