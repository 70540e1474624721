import assert from "node:assert/strict";
import { type Config, DEFAULT_CONFIG } from "../config/config.ts";
import { BindingPolicy } from "./binding_policy.ts";
import type { TunnelClient } from "./container_state.ts";

const CLIENTS: readonly TunnelClient[] = ["none", "external", "conflict", "managed"];
const required = (config: Partial<Config>, image?: string) => {
  const policy = new BindingPolicy({ ...DEFAULT_CONFIG, ...config }, image);
  return CLIENTS.map((client) => policy.requiredKey(client, "managed") ?? "-").join(" ");
};

Deno.test("a key line is required always, a managed container's key while it is the client, else none", () => {
  assert.equal(required({}), "- - - managed");
  assert.equal(required({ docker: { mode: "off" } }), "- - - -");
  assert.equal(required({}, "off"), "- - - -");
  for (const image of [undefined, "off"]) assert.equal(required({ key: "k" }, image), "k k k k");
  assert.equal(required({ key: "k", docker: { mode: "off" } }), "k k k k");
});

Deno.test("the required key may change only where a container is managed without a key line", () => {
  const isOpen = (config: Partial<Config>, image?: string) =>
    new BindingPolicy({ ...DEFAULT_CONFIG, ...config }, image).isOpen;
  assert.ok(isOpen({}));
  assert.ok(!isOpen({ key: "k" }));
  assert.ok(!isOpen({ docker: { mode: "off" } }));
  assert.ok(!isOpen({}, "off"));
});
