import assert from "node:assert/strict";
import { describeInterface } from "./interface_owner.ts";

Deno.test("an interface is named with whose it most likely is", () => {
  assert.equal(describeInterface("utun4"), "utun4 (a VPN)");
  assert.equal(describeInterface("tailscale0"), "tailscale0 (Tailscale)");
  assert.equal(describeInterface("wg-home"), "wg-home (WireGuard)");
  assert.equal(describeInterface("en0"), "en0 (this machine's own network)");
  assert.equal(describeInterface("br-1a2b3c"), "br-1a2b3c (a Docker Engine on this machine)");
  assert.equal(describeInterface("bridge100"), "bridge100 (a virtual machine's network)");
  assert.equal(describeInterface("dummy0"), "dummy0");
});
