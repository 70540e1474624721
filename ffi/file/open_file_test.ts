import assert from "node:assert/strict";
import { fileCalls, setOwnership } from "./open_file.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

/** Runs a test with a file that was made, and one that is not to change. */
async function withFiles(body: (made: string, inode: number, other: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const [made, other] = [`${folder}/made`, `${folder}/other`];
    for (const path of [made, other]) await Deno.writeTextFile(path, "", { mode: 0o600 });
    await body(made, (await Deno.stat(made)).ino ?? 0, other);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function ownership(path: string): Promise<string> {
  const { uid, gid, mode } = await Deno.stat(path);
  return `${uid}:${gid} ${((mode ?? 0) & 0o7777).toString(8)}`;
}

Deno.test(
  "a file gets its owner and its mode, bits beside the permissions too",
  { ignore: Deno.uid() !== 0 },
  () =>
    withFiles(async (made, inode) => {
      setOwnership(made, inode, { uid: 1000, gid: 1001, mode: 0o2640 });
      assert.equal(await ownership(made), "1000:1001 2640");
    }),
);

Deno.test("a file of the same owner gets its mode", () =>
  withFiles(async (made, inode) => {
    const { uid, gid } = await Deno.stat(made);
    setOwnership(made, inode, { uid: uid ?? 0, gid: gid ?? 0, mode: 0o640 });
    assert.match(await ownership(made), / 640$/);
  }));

Deno.test("what was put in the file's place is not given away", () =>
  withFiles(async (made, inode, other) => {
    const before = await ownership(other);
    const ownerOfAll = { uid: 1000, gid: 1000, mode: 0o666 };
    await Deno.remove(made);
    await Deno.symlink(other, made);
    assert.throws(() => setOwnership(made, inode, ownerOfAll), /^SystemError: open: ELOOP/);
    await Deno.remove(made);
    await Deno.link(other, made);
    assert.throws(() => setOwnership(made, inode, ownerOfAll), /another file is at .*made now$/);
    await Deno.remove(made);
    assert.throws(() => setOwnership(made, inode, ownerOfAll), /^SystemError: open: ENOENT/);
    await new Deno.Command("mkfifo", { args: [made] }).output();
    assert.throws(() => setOwnership(made, inode, ownerOfAll), /another file is at/);
    assert.equal(await ownership(other), before);
  }));
