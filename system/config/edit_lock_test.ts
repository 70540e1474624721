import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { fileCalls } from "../../ffi/file/open_file.ts";
import { whileLocked } from "./edit_lock.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("works on one file come one after the other, by whatever link it is named", () =>
  inFolder(async (folder) => {
    const links = await Deno.makeTempDir();
    await Deno.symlink(`${folder}/c.conf`, `${links}/c.conf`);
    let working = 0;
    const work = async () => {
      assert.equal(working++, 0);
      await Deno.stat(folder);
      working--;
    };
    const paths = Array.from({ length: 20 }, (_, index) => `${index % 2 === 0 ? folder : links}/c.conf`);
    await Promise.all(paths.map((path) => whileLocked(path, work)));
    // Nothing is left behind.
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    await Deno.remove(links, { recursive: true });
  }));

Deno.test("who holds the lock for ever is not waited for for ever", () =>
  inFolder(async (folder) => {
    const holder = await Deno.open(folder, { read: true });
    await holder.lock(true);
    let worked = false;
    const work = () => Promise.resolve(void (worked = true));
    await assert.rejects(
      whileLocked(`${folder}/c.conf`, work, 10),
      (error) =>
        error instanceof OperationError && /another process has locked its folder/.test(error.message),
    );
    assert.equal(worked, false);
    holder.close();
    await whileLocked(`${folder}/c.conf`, work);
    assert.equal(worked, true);
  }));

Deno.test("the work finds out by itself that there is no folder", async () => {
  assert.equal(await whileLocked("/nowhere/at/all/c.conf", () => Promise.resolve(7)), 7);
});
