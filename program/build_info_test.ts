import assert from "node:assert/strict";
import { denoVersion, version, versionLine } from "./build_info.ts";

Deno.test("the programs' version is the one of deno.json", () => {
  const config: { version: string } = JSON.parse(
    Deno.readTextFileSync(new URL("../deno.json", import.meta.url)),
  );
  assert.equal(version, config.version);
});

Deno.test("the version line names program, version, commit and Deno", () => {
  const escaped = `${version} (commit unknown, deno ${denoVersion})`;
  assert.equal(versionLine("docker-accessor"), `docker-accessor ${escaped}`);
});
