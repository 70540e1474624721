import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { answer, chunk, CHUNKED_HEAD, FakeEngine, type Respond, VERSION } from "../../tests/fakes/engine.ts";
import { EngineClient } from "./engine_client.ts";
import {
  actOnContainer,
  createContainer,
  inspectContainer,
  listContainers,
  removeContainer,
} from "./engine_containers.ts";
import { imageId, loadImage } from "./engine_images.ts";

/** Runs the body with an Engine that answers by the function once the version is agreed on. */
async function withEngine(
  respond: Respond,
  body: (engine: EngineClient, fake: FakeEngine, folder: string) => Promise<void>,
  limits: Parameters<typeof EngineClient.connect>[1] = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      if (target === "/version") await connection.write(answer(VERSION));
      else await respond(target, connection);
    });
    await body(await EngineClient.connect(fake.path, limits), fake, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Answers every request so. */
function always(text: string): Respond {
  return async (_target, connection) => void await connection.write(text);
}

/** What is wrong, without what was to be done. */
async function fault(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => assert.fail("it did not fail"), (error) => error);
  assert.ok(error instanceof OperationError, String(error));
  return error.message.replace(/^Cannot [^:]*: /, "");
}

/** Everything that can be asked of an Engine, by its name. */
const REQUESTS: Readonly<Record<string, (engine: EngineClient, folder: string) => Promise<unknown>>> = {
  "list containers": listContainers,
  "look at a container": (engine) => inspectContainer(engine, "1"),
  "create a container": (engine) => createContainer(engine, "web", { Image: "x" }),
  "look for an image": (engine) => imageId(engine, "x/y:1"),
  "load an image": async (engine, folder) => {
    await Deno.writeTextFile(`${folder}/image.tar`, "tar");
    return await loadImage(engine, `${folder}/image.tar`, () => {});
  },
};

for (const [name, request] of Object.entries(REQUESTS)) {
  Deno.test(`a faulty answer is told: ${name}`, async () => {
    for (
      const text of [
        "",
        "nonsense\r\n\r\n",
        answer("<html>"),
        answer("null", "201 Created"),
        answer("{}", "500 No"),
      ]
    ) {
      await withEngine(always(text), async (engine, _fake, folder) => {
        // An image without an id is as good as none.
        const words = await request(engine, folder).then((value) => value ?? "none", (error) => error);
        if (words !== "none") assert.ok(words instanceof OperationError, `${text}: ${words}`);
      });
    }
  });

  Deno.test(`a huge answer is given up: ${name}`, async () => {
    await withEngine(async (_target, connection) => {
      await connection.write(CHUNKED_HEAD);
      const piece = chunk(" ".repeat(65_535) + "\n");
      while (await connection.write(piece));
    }, async (engine, _fake, folder) => {
      assert.equal(await fault(request(engine, folder)), "the answer has more than 1024 KiB");
    }, { maxResponseBytes: 1 << 20 });
  });
}

Deno.test("an Engine that does not answer is given up in time", () =>
  withEngine((_target, connection) => connection.untilClosed(), async (engine) => {
    for (const name of ["list containers", "look at a container", "look for an image"]) {
      assert.equal(
        await fault(REQUESTS[name]?.(engine, "") ?? assert.fail(name)),
        "it does not answer in time",
      );
    }
    const late = engine.send("POST", "/images/load", { timeoutMs: 50 });
    assert.equal(await fault(late), "it does not answer in time");
  }, { timeoutMs: 50 }));

Deno.test("a body that is not taken ends with the deadline", () =>
  withEngine(() => new Promise((resolve) => setTimeout(resolve, 300)), async (engine) => {
    // More than the socket's buffer holds.
    const chunks = Array.from({ length: 64 }, () => new Uint8Array(65_536));
    const body = { type: "application/x-tar", length: 64 * 65_536, chunks };
    assert.equal(
      await fault(engine.send("POST", "/x", { body, timeoutMs: 50 })),
      "it does not answer in time",
    );
  }));

Deno.test("an Engine that refuses before it has read the body is understood", () =>
  withEngine(always(answer('{"message":"no space left"}', "500 No")), async (engine) => {
    const chunks = Array.from({ length: 64 }, () => new Uint8Array(65_536));
    const body = { type: "application/x-tar", length: 64 * 65_536, chunks };
    // The answer is lost where the connection is reset before it was read, which the system decides.
    const outcome = await engine.send("POST", "/x", { body }).then(
      ({ message }) => message,
      (error) => error.message,
    );
    assert.match(outcome, /no space left|the answer breaks off/);
  }));

Deno.test("what is asked for and how it is taken", async () => {
  const bodies: string[] = [];
  await withEngine(async (target, connection) => {
    if (target.startsWith("POST ")) bodies.push(await connection.body());
    if (target.includes("create?name")) {
      await connection.write(answer('{"Id":"7","Warnings":[]}', "201 Created"));
    } else if (target.endsWith("/json")) {
      await connection.write(
        answer('{"Id":"sha256:1","State":{"Status":"exited"},"Config":{"Env":["A=b",7],"Cmd":["run"]}}'),
      );
    } else await connection.write("HTTP/1.1 204 No Content\r\n\r\n");
  }, async (engine, fake) => {
    assert.equal(await createContainer(engine, "web", { Image: "x" }), "7");
    assert.deepEqual(await inspectContainer(engine, "7"), {
      state: "exited",
      environment: ["A=b"],
      command: ["run"],
    });
    await actOnContainer(engine, "7", "start");
    await removeContainer(engine, { id: "7", state: "paused" });
    assert.equal(await imageId(engine, "r:5000/x/y:1"), "sha256:1");
    assert.deepEqual(fake.targets.slice(1).map((target) => target.replace("/v1.41", "")), [
      "POST /containers/create?name=web",
      "/containers/7/json",
      "POST /containers/7/start",
      "POST /containers/7/unpause",
      "POST /containers/7/stop?t=5",
      "DELETE /containers/7?force=1",
      "/images/r%3A5000/x/y%3A1/json",
    ]);
  });
  assert.deepEqual(bodies, ['{"Image":"x"}', "", "", ""]);
});

Deno.test("a refusal is told in the Engine's words, shortened", () =>
  withEngine(
    always(answer(JSON.stringify({ message: "x".repeat(1000) }), "409 Conflict")),
    async (engine) => {
      assert.match(await fault(createContainer(engine, "web", {})), /^the Docker Engine answers x{200}$/);
      assert.match(await fault(actOnContainer(engine, "1", "start")), /x{200}$/);
    },
  ));
