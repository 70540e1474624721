import assert from "node:assert/strict";
import { mayChangeNetworks } from "./event.ts";

const event = (Type: unknown, Action: unknown) =>
  JSON.stringify({ Type, Action, Actor: { ID: "x" }, time: 1 });

Deno.test("networks that come and go are changes, Podman's word included", () => {
  for (const action of ["create", "destroy", "remove", "prune", "update"]) {
    assert.equal(mayChangeNetworks(event("network", action)), true, action);
  }
});

Deno.test("containers that come and go are none", () => {
  assert.equal(mayChangeNetworks(event("network", "connect")), false);
  assert.equal(mayChangeNetworks(event("network", "disconnect")), false);
  assert.equal(mayChangeNetworks(event("container", "create")), false);
  assert.equal(mayChangeNetworks(" \r"), false);
});

Deno.test("what cannot be read may be a change", () => {
  for (const line of ["{", "null", "7", "[]", "{}", event(undefined, undefined), event("network", 7)]) {
    assert.equal(mayChangeNetworks(line), true, line);
  }
});
