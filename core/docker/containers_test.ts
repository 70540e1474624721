import assert from "node:assert/strict";
import { readContainers } from "./containers.ts";

const ENTRY = {
  Id: "abc",
  Names: ["/mac-connector", "/alias"],
  Image: "mac-docker-connector:0.1.0",
  ImageID: "sha256:1",
  State: "running",
  Labels: { a: "b" },
  Ports: [],
};

Deno.test("containers are read, their names without the slash", () => {
  assert.deepEqual(readContainers([ENTRY]), [{
    id: "abc",
    names: ["mac-connector", "alias"],
    image: "mac-docker-connector:0.1.0",
    imageId: "sha256:1",
    state: "running",
    labels: { a: "b" },
  }]);
});

Deno.test("names, labels and network may be missing, as Podman leaves them out", () => {
  assert.equal(readContainers([{ ...ENTRY, HostConfig: { NetworkMode: "host" } }])?.[0]?.networkMode, "host");
  const [read] = readContainers([{ ...ENTRY, HostConfig: { NetworkMode: 7 }, Names: null, Labels: null }]) ??
    [];
  assert.deepEqual([read?.names, read?.labels, read?.networkMode], [[], {}, undefined]);
});

Deno.test("what is no list is none, and entries that cannot be read are left out", () => {
  for (const answer of [null, {}, "x", 7]) assert.equal(readContainers(answer), undefined);
  const faulty = [null, 7, [], {}, { ...ENTRY, Id: "" }, { ...ENTRY, State: 7 }, { ...ENTRY, Image: null }];
  assert.deepEqual(readContainers([...faulty, { ...ENTRY, Id: "x".repeat(10_000) }]), []);
  const odd = readContainers([{ ...ENTRY, Names: [7, "/a"], Labels: { a: 7, b: "c" } }]) ?? [];
  assert.deepEqual([odd[0]?.names, odd[0]?.labels], [["a"], { b: "c" }]);
});
