import assert from "node:assert/strict";
import { changeOf } from "./event.ts";

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
