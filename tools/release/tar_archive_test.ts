import { deepEqual, equal, throws } from "node:assert/strict";
import { join } from "node:path";
import { runOrThrow } from "../command.ts";
import { hashFile } from "../runtime_file.ts";
import { ustarHeader, writeArchive } from "./tar_archive.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("tar unpacks what was put in, with its mode", () =>
  inFolder(async (folder) => {
    const archive = join(folder, "a.tar.gz");
    // Sizes on, below and above the length of a block.
    const sizes = [0, 511, 512, 513, 100_000];
    const entries = [];
    for (const size of sizes) {
      const path = join(folder, String(size));
      await Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(Math.min(size, 65536))));
      entries.push({ name: `file-${size}`, path, mode: size === 511 ? 0o600 : 0o755 });
    }
    await writeArchive(archive, entries);

    const out = join(folder, "out");
    await Deno.mkdir(out);
    await runOrThrow(["tar", "-xzpf", archive, "-C", out]);
    for (const { name, path, mode } of entries) {
      deepEqual(await Deno.readFile(join(out, name)), await Deno.readFile(path), name);
      equal(((await Deno.stat(join(out, name))).mode ?? 0) & 0o777, mode, name);
    }
  }));

Deno.test("the same files give the same archive, whenever they were written", () =>
  inFolder(async (folder) => {
    const path = join(folder, "one");
    const archives = [join(folder, "first.tar.gz"), join(folder, "second.tar.gz")];
    const hashes = [];
    for (const [index, archive] of archives.entries()) {
      await Deno.writeTextFile(path, "the same");
      await Deno.utime(path, index * 1000, index * 1000);
      await writeArchive(archive, [{ name: "one", path, mode: 0o644 }]);
      hashes.push(await hashFile(archive));
    }
    equal(hashes[0], hashes[1]);
  }));

Deno.test("a name that does not fit is refused", () => {
  throws(() => ustarHeader("x".repeat(101), 0o644, 0), RangeError);
});
