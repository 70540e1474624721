import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { readImageTar } from "./image_tar.ts";

const HEX = "0123456789abcdef".repeat(4);

/** A tar of these files (ustar: name at 0, size in octal at 124; the other fields are not read). */
function tar(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder();
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = new Uint8Array(512);
    header.set(text.encode(name));
    header.set(text.encode(content.length.toString(8).padStart(11, "0")), 124);
    const body = new Uint8Array(Math.ceil(content.length / 512) * 512);
    body.set(text.encode(content));
    return [...header, ...body];
  });
  return new Uint8Array([...blocks, ...new Uint8Array(1024)]);
}

/** The digest that is read, or "none". */
async function digest(bytes: Uint8Array): Promise<string> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, bytes);
    return await readImageTar(file);
  } catch (error) {
    assert.ok(error instanceof OperationError, String(error));
    assert.equal(error.code, "io");
    return "none";
  } finally {
    await Deno.remove(file);
  }
}

const manifest = (...configs: unknown[]) =>
  JSON.stringify(configs.map((Config) => ({ Config, RepoTags: ["x"] })));

Deno.test("the digest is that of the configuration, wherever the manifest stands", async () => {
  assert.equal(await digest(tar({ "manifest.json": manifest(`${HEX}.json`) })), `sha256:${HEX}`);
  const late = { "layer.tar": "x".repeat(5000), "a": "", "./manifest.json": manifest(`blobs/sha256/${HEX}`) };
  assert.equal(await digest(tar(late)), `sha256:${HEX}`);
});

Deno.test("what holds no image, or several, is told", async () => {
  const whole = tar({ "manifest.json": manifest(`${HEX}.json`) });
  for (
    const bytes of [
      new Uint8Array(0),
      crypto.getRandomValues(new Uint8Array(5000)),
      tar({}),
      tar({ "other.json": manifest(`${HEX}.json`) }),
      tar({ "manifest.json": "{" }),
      tar({ "manifest.json": "null" }),
      tar({ "manifest.json": manifest(`${HEX}.json`, `${HEX}.json`) }),
      tar({ "manifest.json": manifest("../../etc/passwd") }),
      tar({ "manifest.json": manifest(7) }),
      whole.subarray(0, 520),
    ]
  ) {
    assert.equal(await digest(bytes), "none");
  }
});
