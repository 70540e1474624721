import assert from "node:assert/strict";
import { findEngine } from "./engine.ts";

Deno.test("without an Engine the tool says what to do", async () => {
  const before = Deno.env.get("DOCKER_HOST");
  Deno.env.set("DOCKER_HOST", "unix:///nonexistent/docker.sock");
  try {
    await assert.rejects(findEngine(), {
      code: "unavailable",
      message: /^Cannot (reach a Docker Engine|run docker): /,
    });
  } finally {
    if (before === undefined) Deno.env.delete("DOCKER_HOST");
    else Deno.env.set("DOCKER_HOST", before);
  }
});
