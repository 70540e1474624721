import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { readImageId, stampImage } from "./image_file.ts";

const ID = `sha256:${"0123456789abcdef".repeat(4)}`;

/** What is read of a tar with this text in the file beside it, which is so many seconds newer. */
async function read(text: string | undefined, newer = 0): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  const tar = `${folder}/image.tar`;
  try {
    await Deno.writeTextFile(tar, "tar");
    await Deno.utime(tar, 1000, 1000);
    if (text !== undefined) {
      await Deno.writeTextFile(`${tar}.id`, text);
      await Deno.utime(`${tar}.id`, 1000 + newer, 1000 + newer);
    }
    return await readImageId(tar);
  } catch (error) {
    assert.ok(error instanceof OperationError, String(error));
    return error.report;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the id stands beside the tar", async () => {
  assert.equal(await read(`${ID}\n`), ID);
  assert.equal(await read(ID, 60), ID);
  assert.equal(await read(undefined), undefined);
});

Deno.test("the id of an earlier tar says nothing of this one", async () => {
  assert.equal(await read(`${ID}\n`, -1), undefined);
});

Deno.test("what is no id is told", async () => {
  for (
    const text of ["", "x", `${ID}0`, `${ID}\n${ID}\n`, ID.slice(1), ID.toUpperCase(), "\0".repeat(1000)]
  ) {
    assert.match(await read(text) ?? "", /\.tar\.id holds no image id\. Make both with deno task image/);
  }
});

Deno.test("a tar that is none is told without waiting for it", async () => {
  await assert.rejects(readImageId("/nonexistent/image.tar"), /there is no such file/);
  await assert.rejects(readImageId("/"), /it is no file/);
});

Deno.test("another tar or another id is another state", async () => {
  const folder = await Deno.makeTempDir();
  const tar = `${folder}/image.tar`;
  try {
    const states = [stampImage(tar)];
    await Deno.writeTextFile(tar, "tar");
    states.push(stampImage(tar));
    await Deno.writeTextFile(`${tar}.id`, ID);
    states.push(stampImage(tar));
    assert.equal(new Set(states).size, 3);
    assert.equal(stampImage(tar), states.at(-1));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
