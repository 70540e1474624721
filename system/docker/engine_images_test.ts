import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { answer, chunk, CHUNKED_HEAD, FakeEngine, type Respond, VERSION } from "../../tests/fakes/engine.ts";
import { EngineClient } from "./engine_client.ts";
import { loadImage, pullImage } from "./engine_images.ts";

/** Runs a test against an Engine that answers everything but `/version` by the function. */
async function withEngine(
  respond: Respond,
  body: (engine: EngineClient, fake: FakeEngine, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
      if (target === "/version") await connection.write(answer(VERSION));
      else await respond(target, connection);
    });
    await body(await EngineClient.connect(fake.path), fake, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function fault(work: Promise<unknown>): Promise<OperationError> {
  const error = await work.then(() => undefined, (reason) => reason);
  assert.ok(error instanceof OperationError, String(error));
  return error;
}

const ignore = () => {};

Deno.test("an image is loaded whole, and the fault at the end of a good answer counts", async () => {
  let body = "";
  let lines = ['{"stream":"Loaded image: mac-docker-connector:1\\n"}'];
  await withEngine(async (_target, connection) => {
    body = await connection.body();
    await connection.write(answer(`${lines.join("\r\n")}\r\n`));
  }, async (engine, fake, folder) => {
    const path = `${folder}/image.tar`;
    await Deno.writeTextFile(path, "0123456789".repeat(100_000));
    const told: number[] = [];
    assert.equal(
      await loadImage(engine, path, (step, done, total) => {
        assert.deepEqual([step, total], ["upload", 1_000_000]);
        told.push(done);
      }),
      "mac-docker-connector:1",
    );
    assert.deepEqual(told, told.toSorted((a, b) => a - b));
    assert.equal(told.at(-1), 1_000_000);
    assert.equal(body.length, 1_000_000);
    assert.equal(fake.targets.at(-1), "POST /v1.41/images/load?quiet=1");
    lines = ['{"stream":"Loaded image ID: sha256:12\\n"}'];
    assert.equal(await loadImage(engine, path, ignore), "sha256:12");
    lines = ['{"stream":"a"}', '{"errorDetail":{},"error":"no space"}'];
    assert.match((await fault(loadImage(engine, path, ignore))).message, /no space$/);
    await assert.rejects(loadImage(engine, `${folder}/none.tar`, ignore), /there is no such file/);
    await assert.rejects(loadImage(engine, folder, ignore), /it is no file/);
  });
});

Deno.test("a tar of two names is taken, one of two images is refused with their names", async () => {
  const ids: Record<string, string> = { "a:1": "sha256:1", "a:latest": "sha256:1", "b:1": "sha256:2" };
  let names = ["a:1", "a:latest"];
  await withEngine(async (target, connection) => {
    const id = ids[decodeURIComponent(/\/images\/(.*)\/json$/.exec(target)?.[1] ?? "")];
    if (id !== undefined) return void await connection.write(answer(JSON.stringify({ Id: id })));
    await connection.body();
    await connection.write(
      answer(names.map((name) => `{"stream":"Loaded image: ${name}\\n"}\n`).join("")),
    );
  }, async (engine, _fake, folder) => {
    const path = `${folder}/image.tar`;
    await Deno.writeTextFile(path, "tar");
    assert.equal(await loadImage(engine, path, ignore), "a:1");
    names = ["a:1,a:latest"];
    assert.equal(await loadImage(engine, path, ignore), "a:1", "as Podman says it");
    names = ["a:1", "b:1"];
    const { report } = await fault(loadImage(engine, path, ignore));
    assert.match(report, /holds several images \(a:1, b:1\)\. Name the one to use with --image$/);
  });
});

Deno.test("a pull tells how far it is, layer by layer, while it goes on", async () => {
  const line = (status: string, id: string, current: number, total: number) =>
    chunk(`${JSON.stringify({ status, id, progressDetail: { current, total } })}\r\n`);
  const told: string[] = [];
  let isSeen = () => {};
  const seen = new Promise<void>((resolve) => isSeen = resolve);
  await withEngine(async (_target, connection) => {
    await connection.write(CHUNKED_HEAD + chunk('{"status":"Pulling from x/y","id":"1"}\r\n'));
    await connection.write(line("Downloading", "a", 10, 100) + line("Downloading", "b", 1, 50));
    // The rest comes only after the start was told.
    await seen;
    await connection.write(line("Downloading", "a", 100, 100) + line("Extracting", "a", 7, 100));
    await connection.write(`${chunk('{"status":"Status: Downloaded newer image"}\r\n')}0\r\n\r\n`);
  }, async (engine, fake) => {
    await pullImage(engine, "ghcr.io/x/y:1", (step, done, total) => {
      told.push(`${step} ${done}/${total}`);
      isSeen();
    });
    assert.equal(fake.targets.at(-1), "POST /v1.41/images/create?fromImage=ghcr.io%2Fx%2Fy&tag=1");
  });
  assert.deepEqual(told, ["download 10/100", "download 11/150", "download 101/150", "unpack 7/100"]);
});

Deno.test("why a pull fails is told with what to do", async () => {
  // Answers of Docker Engine 20.10 and 28, and what a stream may end with.
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      "404 Not Found",
      "manifest for ghcr.io/x/y:1 not found: manifest unknown: manifest unknown",
      /has no such image \(/,
    ],
    [
      "404 Not Found",
      "pull access denied for x/y, repository does not exist or may require 'docker login'",
      /or not for everybody/,
    ],
    ["500 No", 'Head "https://ghcr.io/v2/x/y/manifests/1": denied', /or not for everybody/],
    [
      "500 No",
      'Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 10.0.0.1:53: no such host',
      /cannot be reached/,
    ],
    ["500 No", 'Get "https://ghcr.io/v2/": net/http: TLS handshake timeout', /cannot be reached/],
    ["200 OK", "failed to register layer: no space left on device", /no space left on device/],
  ];
  for (const [status, message, words] of cases) {
    const body = status.startsWith("200")
      ? `{"status":"x"}\n{"error":"${message}"}`
      : JSON.stringify({ message });
    await withEngine(
      async (_target, connection) => void await connection.write(answer(body, status)),
      async (engine) => {
        const { code, message: said, remedy } = await fault(pullImage(engine, "ghcr.io/x/y:1", ignore));
        assert.equal(code, "unavailable");
        assert.match(said, /^Cannot pull image ghcr\.io\/x\/y:1: /);
        assert.match(said, words);
        assert.match(remedy, /name that with --image$/);
      },
    );
  }
});
