import assert from "node:assert/strict";
import { fault, FAULTS } from "./fault_table.ts";

Deno.test("each code is an area and a problem in kebab-case, each title a short heading", () => {
  for (const [code, { title, after }] of Object.entries(FAULTS)) {
    assert.match(code, /^[a-z]+\.[a-z]+(-[a-z]+)*$/);
    assert.match(title, /^[A-Z].{5,60}[^.]$/, code);
    assert.ok(after >= 0 && after <= 30, code);
  }
});

Deno.test("a problem is worded from its row, with a remedy that may be replaced", () => {
  const args = { prefix: "172.20.0.0/16", interfaceName: "utun9" };
  assert.deepEqual(fault("route.taken", args), {
    code: "route.taken",
    severity: "error",
    title: "Another interface has the route",
    text: "Packets for 172.20.0.0/16 leave by utun9, not by the tunnel",
    remedy:
      "Let that VPN or program leave out 172.20.0.0/16 (split tunnel), remove its route, or give the network another subnet",
    subject: "172.20.0.0/16",
  });
  assert.equal(fault("route.taken", args, "Ask").remedy, "Ask");
});
