import assert from "node:assert/strict";
import { fileCalls } from "../../ffi/file/open_file.ts";
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import {
  defaultConfigPaths,
  findConfigFile,
  MAX_CONFIG_BYTES,
  readConfigFile,
  writeConfigFile,
} from "./config_file.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "config-file-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) found.push(entry.name);
  return found.sort();
}

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof OperationError);
    assert.equal(error.code, "config");
    return error.report;
  }
  throw new assert.AssertionError({ message: "no failure" });
}

Deno.test("the file is looked for below Homebrew's prefix first", () => {
  const usual = [
    "/opt/homebrew/etc/docker-connector.conf",
    "/usr/local/etc/docker-connector.conf",
    "/home/linuxbrew/.linuxbrew/etc/docker-connector.conf",
    "/etc/docker-connector.conf",
  ];
  assert.deepEqual(defaultConfigPaths(undefined), usual);
  assert.deepEqual(defaultConfigPaths("/home/linuxbrew"), [
    "/home/linuxbrew/etc/docker-connector.conf",
    ...usual,
  ]);
  assert.deepEqual(defaultConfigPaths("/opt/homebrew/"), usual);
  assert.deepEqual(defaultConfigPaths(""), usual);
  assert.deepEqual(defaultConfigPaths("brew"), usual);
});

Deno.test("the first file that exists is found", () =>
  inFolder(async (folder) => {
    const [missing, blocked, there] = [join(folder, "a", "x"), join(folder, "c", "x"), join(folder, "c")];
    await Deno.writeTextFile(there, "");
    assert.equal(await findConfigFile([missing, blocked, there, folder]), there);
    assert.equal(await findConfigFile([missing]), undefined);
    // A link that leads nowhere was put there by somebody; not reading it has to be noticed.
    await Deno.symlink("nowhere", join(folder, "link"));
    assert.equal(await findConfigFile([join(folder, "link"), there]), join(folder, "link"));
  }));

Deno.test("the text is read as it is", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.conf");
    await Deno.writeFile(path, Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0x0d, 0x0a, 0xff, 0x00));
    assert.equal(await readConfigFile(path), "\ufeffa\r\n\ufffd\0");
    await Deno.writeFile(path, new Uint8Array(MAX_CONFIG_BYTES).fill(0x61));
    assert.equal((await readConfigFile(path)).length, MAX_CONFIG_BYTES);
  }));

Deno.test("a file that cannot be read says why and what to do", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.conf");
    assert.equal(
      await failure(readConfigFile(path)),
      `Cannot read config ${path}: not found. Create it, or name another with --config`,
    );
    assert.match(await failure(readConfigFile(folder)), /: it is a directory\. Name another with --config$/);
    assert.match(await failure(readConfigFile("/dev/zero")), /: it is no regular file\. /);
    const pipe = join(folder, "pipe");
    assert((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
    assert.match(await failure(readConfigFile(pipe)), /: it is no regular file\. /);
    await Deno.writeFile(path, new Uint8Array(MAX_CONFIG_BYTES + 1));
    assert.match(await failure(readConfigFile(path)), /: it is larger than 1048576 bytes\. /);
    await Deno.symlink("loop", join(folder, "loop"));
    assert.match(await failure(readConfigFile(join(folder, "loop"))), /links go round in a circle/);
    assert.match(await failure(readConfigFile(join(path, "below"))), /: not found\. /);
  }));

Deno.test("writing keeps the mode and the owner and leaves nothing else behind", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.conf");
    await Deno.writeTextFile(path, "port 1\n");
    await Deno.chmod(path, 0o640);
    const root = Deno.uid() === 0;
    if (root) await Deno.chown(path, 12, 34);
    const before = await Deno.stat(path);
    await writeConfigFile(path, "port 2\n");
    const after = await Deno.stat(path);
    assert.equal(await Deno.readTextFile(path), "port 2\n");
    assert.deepEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
    assert.notEqual(after.ino, before.ino);
    assert.deepEqual(await names(folder), ["x.conf"]);
  }));

Deno.test("a new file is its owner's alone", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.conf");
    await writeConfigFile(path, "");
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("a symbolic link stays and its target is replaced", () =>
  inFolder(async (folder) => {
    const [target, link, dangling] = [
      join(folder, "dir", "t.conf"),
      join(folder, "l.conf"),
      join(folder, "d.conf"),
    ];
    await Deno.mkdir(join(folder, "dir"));
    await Deno.writeTextFile(target, "old");
    await Deno.symlink("dir/t.conf", link);
    await writeConfigFile(link, "new");
    assert.equal(await Deno.readTextFile(target), "new");
    assert((await Deno.lstat(link)).isSymlink);
    await Deno.symlink("dir/made.conf", dangling);
    await writeConfigFile(dangling, "made");
    assert.equal(await Deno.readTextFile(join(folder, "dir", "made.conf")), "made");
    assert((await Deno.lstat(dangling)).isSymlink);
  }));

Deno.test("a file that cannot be written says why and stays as it is", () =>
  inFolder(async (folder) => {
    assert.match(
      await failure(writeConfigFile(join(folder, "a", "x.conf"), "")),
      /: its folder is not there\. Create /,
    );
    assert.match(await failure(writeConfigFile(folder, "")), /: it is a directory\. /);
    assert.deepEqual(await names(folder), []);
  }));

Deno.test("a reader never sees half of a text", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.conf");
    const texts = ["a", "b"].map((letter) => letter.repeat(300_000));
    await writeConfigFile(path, texts[0] ?? "");
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 20; round++) await writeConfigFile(path, texts[round % 2] ?? "");
      writing = false;
    })();
    while (writing) assert(texts.includes(await readConfigFile(path)));
    await writer;
    assert.deepEqual(await names(folder), ["x.conf"]);
  }));
