import assert from "node:assert/strict";
import { authorityPath, openAuthority } from "./authority_file.ts";

const NOW = Date.UTC(2026, 0, 1);

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await body(`${parent}/state`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

Deno.test("an authority is made once, for its owner's eyes alone, and one for each domain", () =>
  withFolder(async (folder) => {
    const first = await openAuthority("a.test", NOW, folder);
    assert.deepEqual(await openAuthority("a.test", NOW + 1, folder), first);
    assert.notDeepEqual((await openAuthority("b.test", NOW, folder)).certificate, first.certificate);
    assert.equal((await Deno.stat(authorityPath("a.test", folder))).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(folder)).mode! & 0o777, 0o700);
  }));

Deno.test("a link, a file that others read, and a damaged one are refused", () =>
  withFolder(async (folder) => {
    await openAuthority("a.test", NOW, folder);
    const path = authorityPath("b.test", folder);
    await Deno.symlink(authorityPath("a.test", folder), path);
    await assert.rejects(
      openAuthority("b.test", NOW, folder),
      /it is no file that only root can read and write/,
    );
    await Deno.remove(path);
    await Deno.writeTextFile(path, "rubbish", { mode: 0o600 });
    await assert.rejects(openAuthority("b.test", NOW, folder), /the file is damaged/);
    await Deno.chmod(path, 0o644);
    await assert.rejects(openAuthority("b.test", NOW, folder), /it is no file/);
    await Deno.chmod(folder, 0o755);
    await assert.rejects(openAuthority("a.test", NOW, folder), /it is no folder/);
  }));
