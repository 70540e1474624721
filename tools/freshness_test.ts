import assert from "node:assert/strict";
import { reasonToBuildImage, reasonToCompile } from "./freshness.ts";
import { PROGRAMS } from "./programs.ts";

Deno.test("programs are compiled when one is absent or older than the sources", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const paths = PROGRAMS.map(({ binary }) => `${folder}/${binary}`);
    const [first = "", ...others] = paths;
    for (const path of others) await Deno.writeTextFile(path, "");
    assert.match(await reasonToCompile(folder) ?? "", /^docker-connector is not there/);

    await Deno.writeTextFile(first, "");
    const tomorrow = new Date(Date.now() + 86_400_000);
    for (const path of paths) await Deno.utime(path, tomorrow, tomorrow);
    assert.equal(await reasonToCompile(folder), undefined);

    await Deno.utime(first, new Date(0), new Date(0));
    assert.match(await reasonToCompile(folder) ?? "", /^docker-connector is older/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

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
