import assert from "node:assert/strict";
import { type Config, DEFAULT_CONFIG } from "../config/config.ts";
import { BindingPolicy, classifyContainers, type TunnelClient } from "./binding_policy.ts";
import { CLIENT_CONTAINER, CLIENT_LABELS, KEPT } from "./client_container.ts";
import type { DockerContainer } from "./containers.ts";

function container(changes: Partial<DockerContainer> = {}): DockerContainer {
  return {
    id: "1",
    names: ["web"],
    image: "nginx",
    imageId: "sha256:a",
    state: "running",
    labels: {},
    ...changes,
  };
}

const ours = (state: string, changes: Partial<DockerContainer> = {}) =>
  container({
    names: [CLIENT_CONTAINER],
    image: "mac-docker-connector:0.1.0",
    imageId: "sha256:c",
    labels: { [CLIENT_LABELS.owner]: KEPT, [CLIENT_LABELS.settings]: "f" },
    state,
    ...changes,
  });
const theirs = (state: string, networkMode?: string) =>
  container({
    image: "mac-docker-connector",
    state,
    ...networkMode === undefined ? {} : { networkMode },
  });

const CLIENTS: readonly TunnelClient[] = ["none", "theirs", "foreign", "ours"];
const demands = (config: Partial<Config>, image?: string) => {
  const policy = new BindingPolicy({ ...DEFAULT_CONFIG, ...config }, image);
  return CLIENTS.map((client) => policy.requiredKey(client, "kept") ?? "-").join(" ");
};

Deno.test("a key line is demanded always, a kept container's key while it is the client, else none", () => {
  assert.equal(demands({}), "- - - kept");
  assert.equal(demands({ docker: { mode: "off" } }), "- - - -");
  assert.equal(demands({}, "off"), "- - - -");
  for (const image of [undefined, "off"]) assert.equal(demands({ key: "k" }, image), "k k k k");
  assert.equal(demands({ key: "k", docker: { mode: "off" } }), "k k k k");
});

Deno.test("what is demanded may change only where a container is kept without a key line", () => {
  const isOpen = (config: Partial<Config>, image?: string) =>
    new BindingPolicy({ ...DEFAULT_CONFIG, ...config }, image).isOpen;
  assert.ok(isOpen({}));
  assert.ok(!isOpen({ key: "k" }));
  assert.ok(!isOpen({ docker: { mode: "off" } }));
  assert.ok(!isOpen({}, "off"));
});

Deno.test("a client that the user runs is used, under any name, while the kept one does not run", () => {
  for (
    const user of [
      container({ names: ["mine"], image: "wenjunxiao/mac-docker-connector" }),
      container({ image: "registry:5000/x/mac-docker-connector:1@sha256:1" }),
      container({ image: "sha256:c", imageId: "sha256:c" }),
      theirs("paused"),
      theirs("running", "host"),
    ]
  ) {
    for (const state of ["created", "exited", "restarting", "dead"]) {
      const kept = [ours(state)];
      assert.deepEqual(classifyContainers([container(), user, ...kept], "sha256:c"), {
        kind: "theirs",
        container: user,
        kept,
      });
    }
    for (const state of ["running", "paused"]) {
      assert.equal(classifyContainers([container(), user, ours(state)], "sha256:c").kind, "ours", state);
    }
  }
});

Deno.test("a user's container that cannot be the client does not count", () => {
  for (const user of [theirs("restarting"), theirs("exited"), theirs("running", "default")]) {
    for (const kept of [[], [ours("exited")], [ours("running")]]) {
      assert.deepEqual(classifyContainers([user, ...kept], "sha256:c"), {
        kind: "ours",
        container: kept[0],
        surplus: [],
      });
    }
  }
});

Deno.test("another container of the name stands in the way, whatever labels its image gives it", () => {
  for (
    const other of [
      container({ names: [CLIENT_CONTAINER] }),
      container({ names: [CLIENT_CONTAINER], image: "mac-docker-connector", state: "exited" }),
      container({ names: ["x", CLIENT_CONTAINER], labels: { [CLIENT_LABELS.owner]: "image" } }),
    ]
  ) {
    assert.deepEqual(classifyContainers([container(), other], undefined), { kind: "foreign", container: other });
  }
});

Deno.test("of the kept ones that of the name is it, and the others are too many", () => {
  assert.deepEqual(classifyContainers([container()], "sha256:c"), {
    kind: "ours",
    container: undefined,
    surplus: [],
  });
  const renamed = ours("running", { names: ["old"] });
  assert.deepEqual(classifyContainers([renamed, ours("running")], "sha256:c"), {
    kind: "ours",
    container: ours("running"),
    surplus: [renamed],
  });
});
