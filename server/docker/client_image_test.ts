import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { version } from "../../program/build_info.ts";
import { configureLog } from "../../program/log.ts";
import { OperationError } from "../../core/error.ts";
import { EngineClient } from "../../system/docker/engine_client.ts";
import { answer, chunk, CHUNKED_HEAD, FakeEngine, VERSION } from "../../tests/fakes/engine.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { ClientImage, pacedProgress } from "./client_image.ts";

const ID = `sha256:${"0123456789abcdef".repeat(4)}`;
const OWN_NAME = `mac-docker-connector:${version}`;

/** An Engine with images, and a folder with a program. */
class Scene {
  /** The Engine's images: ids by name and by id. */
  readonly images = new Map<string, string>();
  /** What a load and a pull bring. */
  brings: Readonly<Record<string, string>> = {};
  /** What a pull is refused with. */
  refusal = "";
  readonly lines: string[] = [];

  constructor(readonly folder: string, readonly fake: () => FakeEngine) {}

  get program(): string {
    return `${this.folder}/bin/docker-connector`;
  }

  /** The requests that bring an image in. */
  get brought(): string[] {
    return this.fake().targets.filter((target) => target.startsWith("POST ")).map((target) =>
      target.replace("/v1.41/images/", "")
    );
  }

  async tar(path: string, id?: string): Promise<void> {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, "tar");
    if (id !== undefined) await Deno.writeTextFile(`${path}.id`, `${id}\n`);
  }

  async respond(target: string): Promise<string> {
    const name = decodeURIComponent(/\/images\/(.*)\/json$/.exec(target)?.[1] ?? "");
    if (name !== "") {
      const id = this.images.get(name);
      return id === undefined ? answer("{}", "404 Not Found") : answer(JSON.stringify({ Id: id }));
    }
    if (this.refusal !== "") return answer(JSON.stringify({ message: this.refusal }), "404 Not Found");
    for (const [key, id] of Object.entries(this.brings)) this.images.set(key, id).set(id, id);
    if (target.includes("/images/load")) {
      const [key = ""] = Object.keys(this.brings);
      return answer(`{"stream":"Loaded image: ${key}\\n"}\n`);
    }
    return await Promise.resolve(
      `${CHUNKED_HEAD}${chunk('{"status":"Pull complete","id":"a"}\r\n')}0\r\n\r\n`,
    );
  }
}

async function withScene(body: (scene: Scene, engine: EngineClient) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const scene: Scene = new Scene(folder, () => fake);
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(scene.program, "program");
  const write = (line: string) => void scene.lines.push(line);
  configureLog({ level: "info", format: "text", color: false, write });
  const fake = new FakeEngine(`${folder}/docker.sock`, async (target, connection) => {
    await connection.body();
    await connection.write(target === "/version" ? answer(VERSION) : await scene.respond(target));
  });
  try {
    await body(scene, await EngineClient.connect(fake.path));
  } finally {
    await fake[Symbol.asyncDispose]();
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
    await Deno.remove(folder, { recursive: true });
  }
}

async function fault(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (reason) => reason);
  assert.ok(error instanceof OperationError, String(error));
  return error.report;
}

for (const place of ["bin", "share/docker-connector"]) {
  Deno.test(`a tar in ${place} with its id is known without a load, and loaded when it is needed`, () =>
    withScene(async (scene, engine) => {
      const tar = `${scene.folder}/${place}/mac-docker-connector.tar`;
      await scene.tar(tar, ID);
      const image = new ClientImage(undefined, { program: scene.program, repository: "" });
      const found = await image.find(engine);
      assert.deepEqual(found, { identity: ID, shown: tar });
      assert.deepEqual(scene.brought, []);
      scene.brings = { [OWN_NAME]: ID };
      assert.equal(await image.provide(engine, found), ID);
      assert.equal(await image.provide(engine, await image.find(engine)), ID);
      assert.deepEqual(scene.brought, ["POST load?quiet=1"]);
    }));
}

Deno.test("an Engine that knows the same image by another id is asked for that one", () =>
  withScene(async (scene, engine) => {
    await scene.tar(`${scene.folder}/a.tar`, ID);
    const image = new ClientImage(`${scene.folder}/a.tar`, { program: scene.program, repository: "" });
    scene.brings = { [OWN_NAME]: "sha256:containerd" };
    const found = await image.find(engine);
    assert.equal(found.identity, ID);
    assert.equal(await image.provide(engine, found), "sha256:containerd");
    assert.equal(await image.provide(engine, found), "sha256:containerd");
    assert.equal(scene.brought.length, 1);
  }));

Deno.test("a tar without an id is loaded once to see what it holds, and again when it is another", () =>
  withScene(async (scene, engine) => {
    const tar = `${scene.folder}/a.tar`;
    await scene.tar(tar);
    const image = new ClientImage(tar, { program: scene.program, repository: "" });
    scene.brings = { [OWN_NAME]: "sha256:1" };
    const found = await image.find(engine);
    assert.deepEqual(found, { identity: "sha256:1", shown: tar });
    assert.equal(await image.provide(engine, found), "sha256:1");
    assert.deepEqual(await image.find(engine), found);
    assert.equal(scene.brought.length, 1);
    await Deno.writeTextFile(tar, "another tar");
    scene.brings = { [OWN_NAME]: "sha256:2" };
    assert.equal((await image.find(engine)).identity, "sha256:2");
    assert.match(scene.lines.join(""), /no id is in \S+a\.tar\.id, so the image is loaded/);
  }));

Deno.test("without a tar the Engine's image of this version is taken, and nothing is pulled", () =>
  withScene(async (scene, engine) => {
    scene.images.set(OWN_NAME, ID);
    const image = new ClientImage(undefined, {
      program: scene.program,
      repository: "ghcr.io/x/mac-docker-connector",
    });
    assert.deepEqual(await image.find(engine), { identity: ID, shown: OWN_NAME });
    assert.deepEqual(scene.brought, []);
  }));

Deno.test("a release without a tar pulls its own image, told in the log", () =>
  withScene(async (scene, engine) => {
    const name = `ghcr.io/x/mac-docker-connector:${version}`;
    const image = new ClientImage(undefined, {
      program: scene.program,
      repository: "ghcr.io/x/mac-docker-connector",
    });
    scene.brings = { [name]: ID };
    assert.deepEqual(await image.find(engine), { identity: ID, shown: name });
    const from = `fromImage=${encodeURIComponent("ghcr.io/x/mac-docker-connector")}&tag=${version}`;
    assert.deepEqual(scene.brought, [`POST create?${from}`]);
    assert.match(
      scene.lines.join(""),
      /pulling image image=ghcr\S+\n.*image pulled image=ghcr\S+ milliseconds=\d+/,
    );
    await image.find(engine);
    assert.equal(scene.brought.length, 1);
  }));

Deno.test("a refused pull says what to do", () =>
  withScene(async (scene, engine) => {
    scene.refusal = "manifest unknown";
    const image = new ClientImage("ghcr.io/x/mac-docker-connector:9", {
      program: scene.program,
      repository: "",
    });
    const name = "ghcr\\.io/x/mac-docker-connector:9";
    assert.match(
      await fault(image.find(engine)),
      new RegExp(`^Cannot pull image ${name}: the registry has no such image .*manifest unknown.*--image$`),
    );
    await fault(image.find(engine));
    assert.equal(scene.lines.filter((line) => line.includes("pulling image")).length, 1);
  }));

Deno.test("nothing is pulled under a name that could be anybody's", () =>
  withScene(async (scene, engine) => {
    for (const given of [undefined, "mac-docker-connector:9"]) {
      const image = new ClientImage(given, { program: scene.program, repository: "" });
      assert.match(
        await fault(image.find(engine)),
        /^Cannot start the client container: the Docker Engine has no image mac-docker-connector:.*Build or load it/,
      );
    }
    assert.deepEqual(scene.brought, []);
  }));

Deno.test("a program whose file is replaced while it runs finds its image all the same", () =>
  withScene(async (scene) => {
    await scene.tar(`${scene.folder}/bin/mac-docker-connector.tar`, ID);
    await Deno.copyFile(Deno.execPath(), scene.program);
    const script = `
      import { ClientImage } from ${JSON.stringify(import.meta.resolve("./client_image.ts"))};
      import { EngineClient } from ${
      JSON.stringify(import.meta.resolve("../../system/docker/engine_client.ts"))
    };
      const image = new ClientImage(undefined);
      await Deno.remove(${JSON.stringify(scene.program)});
      console.log((await image.find(await EngineClient.connect(${
      JSON.stringify(scene.fake().path)
    }))).identity);`;
    await Deno.writeTextFile(`${scene.folder}/script.ts`, script);
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const { stdout, stderr } = await new Deno.Command(scene.program, {
      args: ["run", "--allow-all", "--no-check", "--config", config, `${scene.folder}/script.ts`],
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(new TextDecoder().decode(stdout).trim(), ID, new TextDecoder().decode(stderr));
  }));

Deno.test("pacedProgress() reports every three seconds", () => {
  const clock = new FakeClock();
  clock.time = 100;
  const reported: string[] = [];
  const report = pacedProgress((words) => reported.push(`${clock.time}: ${words}`), clock);
  for (; clock.time < 10_000; clock.time += 100) {
    report("download", (clock.time - 100) * 500, 34_560_000);
  }
  assert.deepEqual(reported, [
    "3100: download 1.5 of 34.6 MB",
    "6100: download 3.0 of 34.6 MB",
    "9100: download 4.5 of 34.6 MB",
  ]);
});
