import assert from "node:assert/strict";
import { faultText, PLAIN_LAYOUT } from "./fault_text.ts";
import type { FaultStatus } from "./status_document.ts";

const SINCE = "2026-03-01T12:00:00.000Z";
const NOW = Date.parse(SINCE) + 65_000;

const taken: FaultStatus = {
  code: "route.taken",
  severity: "error",
  title: "Another interface has the route",
  text: "Packets for 172.20.0.0/16 leave by utun9",
  remedy: "Let the VPN leave out 172.20.0.0/16",
  since: SINCE,
};

Deno.test("without faults there is the sentence alone", () => {
  assert.equal(faultText({ summary: "up: all", faults: [] }, NOW, PLAIN_LAYOUT), "up: all\n");
});

Deno.test("each fault has its title, age and code, then text and remedy, wrapped and indented", () => {
  const text = faultText({ summary: "Another", faults: [taken] }, NOW, { width: 40, color: false });
  assert.equal(
    text,
    `Another
error: Another interface has the route, for 1 min 5 s (route.taken)
    Packets for 172.20.0.0/16 leave by
    utun9.
    Let the VPN leave out 172.20.0.0/16.

`,
  );
});

Deno.test("a terminal shows severities in color, and nothing that a peer wrote acts on it", () => {
  const warning: FaultStatus = { ...taken, severity: "warning", text: "\x1b[2J" };
  const text = faultText({ summary: "up\x07", faults: [warning] }, NOW, { width: 80, color: true });
  assert.ok(text.startsWith("up\\u0007\n\x1b[33mwarning\x1b[0m: "));
  assert.ok(text.includes("    \\u001b[2J.\n"));
});
