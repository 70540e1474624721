import assert from "node:assert/strict";
import { reasonToBuildImage } from "./freshness.ts";

Deno.test("the image is built when it is absent or older than what it is made of", async () => {
  const tar = await Deno.makeTempFile();
  try {
    assert.equal(await reasonToBuildImage(`${tar}.absent`), "it is not there yet");
    await Deno.utime(tar, new Date(0), new Date(0));
    assert.match(await reasonToBuildImage(tar) ?? "", /^\S+ is newer$/);
  } finally {
    await Deno.remove(tar);
  }
});
