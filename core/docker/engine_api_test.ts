import assert from "node:assert/strict";
import { changeOf, chooseApiVersion } from "./engine_api.ts";

const event = (Type: unknown, Action: unknown, Attributes: Readonly<Record<string, string>> = {}) =>
  JSON.stringify({ Type, Action, Actor: { ID: "x", Attributes }, time: 1 });

Deno.test("networks that come and go are changes, Podman's word included", () => {
  for (const action of ["create", "destroy", "remove", "prune", "update"]) {
    assert.equal(changeOf(event("network", action)), "networks", action);
  }
});

Deno.test("containers that come and go are none", () => {
  assert.equal(changeOf(event("network", "connect")), undefined);
  assert.equal(changeOf(event("network", "disconnect")), undefined);
  assert.equal(changeOf(event("container", "create", { name: "web", image: "nginx" })), undefined);
  assert.equal(changeOf(event("container", "start")), undefined);
  assert.equal(changeOf(event("plugin", "create")), undefined);
  assert.equal(changeOf(" \r"), undefined);
});

Deno.test("what happens to the client container is one, by its name, image or label", () => {
  for (const action of ["create", "start", "die", "destroy", "pause", "unpause", "rename"]) {
    assert.equal(changeOf(event("container", action, { name: "mac-connector" })), "client", action);
  }
  for (
    const attributes of [
      { name: "x", image: "wenjunxiao/mac-docker-connector:latest" },
      { name: "x", image: "sha256:1", "docker-connector": "kept" },
      { name: "x", image: "sha256:1", "io.github.docker-connector.managed": "true" },
      { name: "x", oldName: "/mac-connector" },
    ]
  ) {
    assert.equal(changeOf(event("container", "rename", { ...attributes })), "client");
  }
  assert.equal(changeOf(event("container", "exec_start: sh", { name: "mac-connector" })), undefined);
  assert.equal(changeOf(event("image", "tag", { name: "x" })), "client");
});

Deno.test("what cannot be read may be a change", () => {
  for (const line of ["{", "null", "7", "[]", "{}", event(undefined, undefined), event("network", 7)]) {
    assert.equal(changeOf(line), "networks", line);
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
