import assert from "node:assert/strict";
import { changesOf, chooseApiVersion } from "./engine_api.ts";

const ID = "0123456789abcdef".repeat(4);

const event = (Type: unknown, Action: unknown, Attributes: Readonly<Record<string, string>> = {}) =>
  JSON.stringify({ Type, Action, Actor: { ID, Attributes } });

const NONE = { networks: false, client: false, container: undefined };

Deno.test("networks that come and go are changes, Podman's word included", () => {
  for (const action of ["create", "destroy", "remove", "prune", "update"]) {
    assert.deepEqual(changesOf(event("network", action)), { ...NONE, networks: true }, action);
  }
});

Deno.test("a container that comes, goes or has another name is one, by its id", () => {
  for (const action of ["create", "start", "die", "destroy", "remove", "pause", "unpause", "rename"]) {
    const changes = changesOf(event("container", action, { name: "web", image: "nginx" }));
    assert.deepEqual(changes, { ...NONE, container: ID }, action);
  }
  assert.deepEqual(changesOf(event("container", "exec_start: sh")), NONE);
  assert.deepEqual(changesOf(event("plugin", "create")), NONE);
  assert.deepEqual(changesOf(" \r"), NONE);
});

Deno.test("a container that joins or leaves a network is one; where the event does not name it, any may be", () => {
  for (const action of ["connect", "disconnect"]) {
    assert.deepEqual(changesOf(event("network", action, { container: ID })), { ...NONE, container: ID });
    for (const container of ["", "web", `${ID}/..`, ID.toUpperCase()]) {
      assert.deepEqual(changesOf(event("network", action, { container })), { ...NONE, container: "any" });
    }
    assert.deepEqual(changesOf(event("network", action)), { ...NONE, container: "any" });
  }
});

Deno.test("what happens to the client container is one, by its name, image or label", () => {
  const isClient = (action: string, attributes: Readonly<Record<string, string>>) =>
    changesOf(event("container", action, attributes)).client;
  for (const action of ["create", "start", "die", "destroy", "pause", "unpause", "rename"]) {
    assert.ok(isClient(action, { name: "mac-connector" }), action);
  }
  for (
    const attributes of [
      { name: "x", image: "wenjunxiao/mac-docker-connector:latest" },
      { name: "x", image: "sha256:1", "docker-connector": "kept" },
      { name: "x", image: "sha256:1", "io.github.docker-connector.managed": "true" },
      { name: "x", oldName: "/mac-connector" },
    ]
  ) {
    assert.ok(isClient("rename", { ...attributes }));
  }
  assert.ok(!isClient("exec_start: sh", { name: "mac-connector" }));
  assert.ok(!isClient("start", { name: "web", image: "nginx" }));
  assert.ok(changesOf(event("image", "tag", { name: "x" })).client);
});

Deno.test("an event's time is told where it has one", () => {
  const timed = (time: unknown) => changesOf(JSON.stringify({ Type: "plugin", Action: "create", time }));
  assert.deepEqual(timed(1_772_712_000), { ...NONE, time: 1_772_712_000_000 });
  for (const time of ["1772712000", 1.5, -1, null, {}]) assert.deepEqual(timed(time), NONE);
});

Deno.test("what cannot be read may be a change", () => {
  for (const line of ["{", "null", "7", "[]", "{}", event(undefined, undefined), event("network", 7)]) {
    assert.deepEqual(changesOf(line), { ...NONE, networks: true }, line);
  }
});

Deno.test("the newest version that both know is spoken", () => {
  assert.equal(chooseApiVersion("1.41", "1.12"), "1.41", "Engine 20.10");
  assert.equal(chooseApiVersion("1.24"), "1.24");
  assert.equal(chooseApiVersion("1.43", "1.24"), "1.43");
  assert.equal(chooseApiVersion("1.52", "1.44"), "1.44", "Engine 29");
});

Deno.test("an Engine that has dropped all known versions is spoken to in its oldest", () => {
  assert.equal(chooseApiVersion("1.70", "1.60"), "1.60");
  assert.equal(chooseApiVersion("2.3", "2.0"), "2.0");
});

Deno.test("an Engine that is too old, or says nothing sensible, is not spoken to", () => {
  assert.equal(chooseApiVersion("1.9", "1.1"), undefined);
  for (const text of ["", "1", "1.41.0", "v1.41", "1.x", "1.41/../../containers", "-1.5"]) {
    assert.equal(chooseApiVersion(text), undefined, text);
    assert.equal(chooseApiVersion("1.41", text), undefined, text);
  }
});
