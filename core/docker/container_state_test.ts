import assert from "node:assert/strict";
import { CLIENT_CONTAINER, CLIENT_LABELS, MANAGED } from "./client_container.ts";
import { classifyContainers, nextAction } from "./container_state.ts";
import type { DockerContainer } from "./engine_json.ts";

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

const managed = (state: string, changes: Partial<DockerContainer> = {}) =>
  container({
    names: [CLIENT_CONTAINER],
    image: "mac-docker-connector:0.1.0",
    imageId: "sha256:c",
    labels: { ...MANAGED, [CLIENT_LABELS.fingerprint]: "f" },
    state,
    ...changes,
  });
const external = (state: string, networkMode?: string) =>
  container({
    image: "mac-docker-connector",
    state,
    ...networkMode === undefined ? {} : { networkMode },
  });

Deno.test("a client that the user runs is used, under any name, while the managed one does not run", () => {
  for (
    const user of [
      container({ names: ["mine"], image: "wenjunxiao/mac-docker-connector" }),
      container({ image: "registry:5000/x/mac-docker-connector:1@sha256:1" }),
      container({ image: "sha256:c", imageId: "sha256:c" }),
      external("paused"),
      external("running", "host"),
    ]
  ) {
    for (const state of ["created", "exited", "restarting", "dead"]) {
      const kept = [managed(state)];
      assert.deepEqual(classifyContainers([container(), user, ...kept], "sha256:c"), {
        kind: "external",
        container: user,
        managed: kept,
      });
    }
    for (const state of ["running", "paused"]) {
      assert.equal(
        classifyContainers([container(), user, managed(state)], "sha256:c").kind,
        "managed",
        state,
      );
    }
  }
});

Deno.test("a user's container that cannot be the client does not count", () => {
  for (const user of [external("restarting"), external("exited"), external("running", "default")]) {
    for (const kept of [[], [managed("exited")], [managed("running")]]) {
      assert.deepEqual(classifyContainers([user, ...kept], "sha256:c"), {
        kind: "managed",
        container: kept[0],
        extras: [],
      });
    }
  }
});

Deno.test("another container of the name is a conflict, whatever labels its image gives it", () => {
  for (
    const other of [
      container({ names: [CLIENT_CONTAINER] }),
      container({ names: [CLIENT_CONTAINER], image: "mac-docker-connector", state: "exited" }),
      container({ names: ["x", CLIENT_CONTAINER], labels: { [CLIENT_LABELS.managed]: "image" } }),
    ]
  ) {
    assert.deepEqual(classifyContainers([container(), other], undefined), {
      kind: "conflict",
      container: other,
    });
  }
});

Deno.test("of several managed ones the one of the name counts, and the others are extras", () => {
  assert.deepEqual(classifyContainers([container()], "sha256:c"), {
    kind: "managed",
    container: undefined,
    extras: [],
  });
  const renamed = managed("running", { names: ["old"] });
  assert.deepEqual(classifyContainers([renamed, managed("running")], "sha256:c"), {
    kind: "managed",
    container: managed("running"),
    extras: [renamed],
  });
});

/** The kind of the next action. */
const next = (container: DockerContainer | undefined, fingerprint: string | undefined, startDelayMs = 0) =>
  nextAction({ container, fingerprint, startDelayMs }).kind;

Deno.test("nextAction creates, starts, unpauses or replaces the managed container, or leaves it to the Engine", () => {
  assert.equal(next(undefined, "f"), "create");
  const actions = {
    created: "start",
    exited: "start",
    paused: "unpause",
    running: "none",
    restarting: "wait",
  };
  for (const [state, action] of Object.entries({ ...actions, removing: "wait", dead: "replace" })) {
    assert.equal(next(managed(state), "f"), action, state);
  }
  for (const state of ["running", "exited", "paused", "restarting"]) {
    assert.equal(next(managed(state), "g"), "replace", state);
  }
});

Deno.test("nextAction replaces a container of version 0.1.0, which has no fingerprint", () => {
  const labels = { "docker-connector": "kept", "docker-connector.settings": "f" };
  const finding = classifyContainers([managed("running", { labels })], undefined);
  assert.equal(finding.kind, "managed");
  assert.equal(next(finding.container, "f"), "replace");
});

Deno.test("nextAction without an image leaves the container as it is, or reports that none can be made", () => {
  assert.equal(next(undefined, undefined), "report-no-image");
  assert.equal(next(managed("running"), undefined), "none");
  assert.equal(next(managed("exited"), undefined), "start");
});

Deno.test("nextAction delays a start that is not due, and nothing else", () => {
  assert.equal(next(undefined, "f", 1), "delay-start");
  assert.equal(next(managed("exited"), "f", 1), "delay-start");
  assert.equal(next(managed("exited"), "g", 1), "replace");
  assert.equal(next(managed("paused"), "f", 1), "unpause");
  assert.equal(next(undefined, undefined, 1), "report-no-image");
});
