import assert from "node:assert/strict";
import { fileCalls, openFlags } from "./open_file.ts";
import { cString } from "../libc/libc.ts";
import { statusOf, statusOfDescriptor, statusOfDescriptorLater } from "./file_status.ts";

// Opened once for the thread's life, so no test opens it.
const { open, close } = fileCalls();

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the state of a file is what Deno tells of it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeTextFile(path, "12345", { mode: 0o640 });
    const { uid, gid, mode, ino } = await Deno.stat(path);
    const expected = {
      kind: "file",
      mode: (mode ?? 0) & 0o7777,
      uid,
      gid,
      size: 5n,
      inode: BigInt(ino ?? 0),
    };
    assert.deepEqual(statusOf(path, "follow"), expected);
    const descriptor = open(cString(path), openFlags.O_CLOEXEC);
    assert.ok(descriptor >= 0);
    try {
      assert.deepEqual(statusOfDescriptor(descriptor), expected);
      assert.deepEqual(await statusOfDescriptorLater(descriptor), expected);
    } finally {
      close(descriptor);
    }
    assert.throws(() => statusOfDescriptor(descriptor), /^SystemError: fstat: EBADF/);
    assert.equal(await statusOfDescriptorLater(-1), undefined);
  }));

Deno.test("kinds are told apart, and a link is followed or not", () =>
  inFolder(async (folder) => {
    using _socket = Deno.listen({ transport: "unix", path: `${folder}/socket` });
    await Deno.symlink("socket", `${folder}/link`);
    await Deno.symlink("round", `${folder}/round`);
    assert.equal(statusOf(folder, "follow")?.kind, "folder");
    assert.equal(statusOf(`${folder}/link`, "stay")?.kind, "link");
    assert.equal(statusOf(`${folder}/link`, "follow")?.kind, "socket");
    assert.equal(statusOf("/dev/null", "follow")?.kind, "other");
    assert.equal(statusOf(`${folder}/absent`, "follow"), undefined);
    assert.equal(statusOf(`${folder}/socket/absent`, "follow"), undefined);
    assert.throws(() => statusOf(`${folder}/round`, "follow"), /^SystemError: stat: .*round$/);
  }));

Deno.test("every flag of open that is used does what it is for", () =>
  inFolder(async (folder) => {
    const { O_NONBLOCK, O_NOFOLLOW, O_DIRECTORY, O_CLOEXEC } = openFlags;
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.symlink("file", `${folder}/link`);
    assert.equal((await new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).output()).code, 0);
    const opens = (name: string, flags: number) => {
      const descriptor = open(cString(`${folder}/${name}`), flags | O_CLOEXEC);
      return descriptor >= 0 && close(descriptor) === 0;
    };
    assert.deepEqual([opens("link", 0), opens("link", O_NOFOLLOW), opens("file", O_NOFOLLOW)], [
      true,
      false,
      true,
    ]);
    assert.deepEqual([opens("file", O_DIRECTORY), opens(".", O_DIRECTORY)], [false, true]);
    // Without a writer it would wait.
    assert.equal(opens("fifo", O_NONBLOCK), true);
  }));
