import assert from "node:assert/strict";
import { EngineClient } from "../../system/docker/engine_client.ts";
import { answer, FakeEngine, VERSION } from "../../tests/fakes/engine.ts";
import { NoClientContainer } from "./no_client_container.ts";

/** An entry of the list of containers. */
function entry(id: string, Labels: Readonly<Record<string, string>>, Image = "x") {
  const HostConfig = { NetworkMode: "host" };
  return { Id: id, Names: [`/${id}`], Image, ImageID: "sha256:1", State: "running", Labels, HostConfig };
}

Deno.test("where none is kept, kept ones are removed once in a run, and no others", async () => {
  const folder = await Deno.makeTempDir();
  const containers = [entry("kept", { "docker-connector": "kept" }), entry("other", {})];
  const done = Promise.withResolvers<void>();
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      if (target === "/version") await connection.write(answer(VERSION));
      else if (target.includes("/json")) await connection.write(answer(JSON.stringify(containers)));
      else await connection.write("HTTP/1.1 204 No Content\r\n\r\n");
      if (target.startsWith("DELETE")) done.resolve();
    });
    const engine = await EngineClient.connect(fake.path);
    const controller = new NoClientContainer();
    controller.setEngine(engine);
    await done.promise;
    // A server that keeps one has made it again.
    controller.setEngine(engine);
    controller.wake();
    await controller[Symbol.asyncDispose]();
    assert.deepEqual(fake.targets.filter((target) => /^(POST|DELETE) /.test(target)), [
      "POST /v1.41/containers/kept/stop?t=5",
      "DELETE /v1.41/containers/kept?force=1",
    ]);
    assert.equal(controller.status.state, "off");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("where none is kept, the container of the user's own client is told while it runs", async () => {
  const folder = await Deno.makeTempDir();
  let state = "running";
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      const user = entry("mine", {}, "wenjunxiao/mac-docker-connector");
      const details = {
        Id: "mine",
        State: { Status: state },
        Config: { Env: ["DOCKER_CONNECTOR_PORT=2599"] },
      };
      if (target === "/version") await connection.write(answer(VERSION));
      else if (target.includes("/mine/json")) await connection.write(answer(JSON.stringify(details)));
      else await connection.write(answer(JSON.stringify([user])));
    });
    const engine = await EngineClient.connect(fake.path);
    let told = Promise.withResolvers<string | undefined>();
    await using controller = new NoClientContainer(undefined, (client) => told.resolve(client?.id));
    controller.setEngine(engine);
    assert.equal(await told.promise, "mine");
    assert.equal(controller.status.port, 2599);
    told = Promise.withResolvers();
    state = "exited";
    controller.wake();
    assert.equal(await told.promise, undefined);
    assert.equal(controller.status.port, undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
