import { deepEqual, equal, throws } from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "../core/error.ts";
import { cacheFolder, hashFile, writeHead } from "./runtime_file.ts";

Deno.test("files are kept in XDG_CACHE_HOME, else below HOME, else nowhere", () => {
  equal(cacheFolder({ XDG_CACHE_HOME: "/x", HOME: "/h" }), "/x/docker-connector");
  equal(cacheFolder({ XDG_CACHE_HOME: "", HOME: "/h" }), "/h/.cache/docker-connector");
  throws(() => cacheFolder({}), (error) => error instanceof OperationError && error.code === "config");
});

Deno.test("the head of a stream is cut inside a chunk and the rest is not read", async () => {
  const folder = await Deno.makeTempDir();
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array([pulled, pulled, pulled]));
    },
  }, { highWaterMark: 0 });
  try {
    const path = join(folder, "head");
    await writeHead(source, path, 7);
    deepEqual(Array.from(await Deno.readFile(path)), [1, 1, 1, 2, 2, 2, 3]);
    equal(pulled, 3);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a file larger than one read is hashed whole", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, new Uint8Array((1 << 20) + 1));
    // sha256sum of 1048577 zero bytes
    equal(await hashFile(path), "2cb74edba754a81d121c9db6833704a8e7d417e5b13d1a19f4a52f007d644264");
  } finally {
    await Deno.remove(path);
  }
});
