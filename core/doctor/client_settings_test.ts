import assert from "node:assert/strict";
import { clientSettings } from "./client_settings.ts";

Deno.test("flags of either spelling win over the environment", () => {
  const environment = ["PATH=/", "DOCKER_CONNECTOR_PORT=2599", "DOCKER_CONNECTOR_KEY=secret"];
  assert.deepEqual(clientSettings(environment, ["run"]), { port: 2599, key: "secret" });
  for (const words of [["--port", "2600"], ["--port=2600"], ["-port", "2600"], ["-port=2600"]]) {
    assert.deepEqual(clientSettings(environment, ["run", ...words, "--key=other"]), {
      port: 2600,
      key: "other",
    });
  }
});

Deno.test("what is not said, or is no port, is not known", () => {
  assert.deepEqual(clientSettings([], []), { port: undefined, key: undefined });
  assert.deepEqual(clientSettings(["DOCKER_CONNECTOR_PORT=x"], ["--host", "port"]).port, undefined);
  assert.deepEqual(clientSettings([], ["--port"]).port, undefined);
});
