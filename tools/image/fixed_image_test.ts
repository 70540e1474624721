import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { run, runOrThrow } from "../command.ts";
import { hashFile } from "../runtime_file.ts";
import { writeFixedImage } from "./fixed_image.ts";

const TAGS = ["some-image:1.0", "some-image:latest"];
const CREATED = new Date("2026-01-02T03:04:05Z");

/** What the classic builder and `docker save` make at a time, as far as it is read. */
async function save(folder: string, time: string, container: string, isCompressed = false): Promise<void> {
  await Deno.mkdir(join(folder, "blobs/sha256"), { recursive: true });
  const layer = join(folder, "blobs/sha256/layer");
  await Deno.writeTextFile(layer, "the files");
  if (isCompressed) {
    await runOrThrow(["gzip", layer]);
    await Deno.rename(`${layer}.gz`, layer);
  }
  const diffId = `sha256:${createHash("sha256").update("the files").digest("hex")}`;
  const config = {
    architecture: "amd64",
    os: "linux",
    container,
    container_config: { Hostname: container },
    docker_version: "28.5.2",
    created: time,
    config: {
      Hostname: container,
      User: "",
      Cmd: null,
      Env: ["PATH=/bin"],
      Image: container,
      Labels: { a: "b" },
      Entrypoint: ["/a"],
    },
    history: [
      { created: time, created_by: "COPY dir:1 in /" },
      { created: time, created_by: "ENTRYPOINT [/a]", empty_layer: true },
    ],
    rootfs: { type: "layers", diff_ids: [diffId] },
  };
  await Deno.writeTextFile(join(folder, "blobs/sha256/config"), JSON.stringify(config));
  const manifest = [{ Config: "blobs/sha256/config", RepoTags: null, Layers: ["blobs/sha256/layer"] }];
  await Deno.writeTextFile(join(folder, "manifest.json"), JSON.stringify(manifest));
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("two builds of the same files are one image, by its bytes and by its id, whichever store the Engine has", () =>
  inFolder(async (folder) => {
    const made = [];
    for (
      const [name, time] of [["one", "2026-11-27T00:21:39.725493643Z"], [
        "two",
        "2026-11-28T10:00:00Z",
      ]] as const
    ) {
      await save(join(folder, name), time, name, name === "two");
      const path = join(folder, `${name}.tar`);
      made.push({
        id: await writeFixedImage(join(folder, name), TAGS, CREATED, path),
        hash: await hashFile(path),
      });
    }
    assert.deepEqual(made[0], made[1]);
  }));

Deno.test("the image keeps what it is run with, and its digests fit", () =>
  inFolder(async (folder) => {
    await save(join(folder, "saved"), "2026-11-27T00:21:39Z", "one");
    const path = join(folder, "image.tar");
    const id = await writeFixedImage(join(folder, "saved"), TAGS, CREATED, path);
    const read = async (name: string) => await runOrThrow(["tar", "-xOf", path, name]);
    const [{ Config, RepoTags, Layers }] = JSON.parse(await read("manifest.json"));
    assert.deepEqual(RepoTags, TAGS);
    const config = JSON.parse(await read(Config));
    assert.deepEqual(config.config, { Env: ["PATH=/bin"], Entrypoint: ["/a"], Labels: { a: "b" } });
    assert.equal(config.created, "2026-01-02T03:04:05Z");
    assert.deepEqual(config.history[1], {
      created: "2026-01-02T03:04:05Z",
      created_by: "ENTRYPOINT [/a]",
      empty_layer: true,
    });
    assert.equal(await read(Layers[0]), "the files");
    assert.equal(config.rootfs.diff_ids[0], `sha256:${Layers[0].split("/").at(-1)}`);
    assert.equal(id, `sha256:${createHash("sha256").update(await read(Config)).digest("hex")}`);
    const { manifests } = JSON.parse(await read("index.json"));
    assert.equal(manifests.length, TAGS.length);
    const manifest = await read(`blobs/${manifests[0].digest.replace(":", "/")}`);
    assert.equal(`sha256:${createHash("sha256").update(manifest).digest("hex")}`, manifests[0].digest);
    assert.equal(JSON.parse(manifest).config.digest, id);
    assert.equal((await run(["tar", "-tf", path])).success, true);
  }));
