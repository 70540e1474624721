import assert from "node:assert/strict";
import { findLog } from "./log_place.ts";

function search(there: readonly string[], homebrewPrefix?: string) {
  return { exists: (path: string) => Promise.resolve(there.includes(path)), homebrewPrefix };
}

Deno.test("a unit's log is in the journal, while systemd runs the machine", async () => {
  const unit = "/usr/local/lib/systemd/system/docker-connector.service";
  const journal = { kind: "journal", unit: "docker-connector.service" };
  assert.deepEqual(await findLog("docker-connector", search(["/run/systemd/system", unit])), journal);
  assert.equal(await findLog("docker-connector", search([unit])), undefined);
  assert.equal(await findLog("docker-accessor", search(["/run/systemd/system", unit])), undefined);
});

Deno.test("Homebrew's log is a file below its prefix, the named one first", async () => {
  const [usual, own] = [
    "/opt/homebrew/var/log/docker-connector.log",
    "/home/a/brew/var/log/docker-connector.log",
  ];
  assert.deepEqual(await findLog("docker-connector", search([usual])), { kind: "file", path: usual });
  assert.deepEqual(await findLog("docker-connector", search([usual, own], "/home/a/brew")), {
    kind: "file",
    path: own,
  });
  assert.deepEqual(await findLog("docker-connector", search([usual], "relative")), {
    kind: "file",
    path: usual,
  });
  assert.equal(await findLog("docker-connector", search([])), undefined);
});
