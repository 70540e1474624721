import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./command.ts";
import { describeCommit, stampedCopy } from "./source_tree.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function filesBelow(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory ? filesBelow(path) : [path];
  });
}

Deno.test("the copy carries the commit, the original keeps its own", async () => {
  const stamp = "program/build_commit.ts";
  const before = await Deno.readTextFile(join(ROOT, stamp));
  const folder = await stampedCopy(ROOT, 'abc1234"; throw 0');
  try {
    const { commit } = await import(new URL(stamp, `file://${folder}/`).href);
    equal(commit, 'abc1234"; throw 0');
    equal(await Deno.readTextFile(join(ROOT, stamp)), before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("tests and the packages that only tests import stay out of the copy", async () => {
  const folder = await stampedCopy(ROOT, "abc1234");
  try {
    deepEqual(filesBelow(folder).filter((path) => /_(?:test|fixture)\.ts$/.test(path)), []);
    const { imports } = JSON.parse(await Deno.readTextFile(join(folder, "deno.json")));
    equal("fast-check" in imports, false);
    equal("ipaddr.js" in imports, true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the copy's lock stays frozen, and a changed import without its entry is refused", async () => {
  const folder = await stampedCopy(ROOT, "abc1234");
  const load = () =>
    run([Deno.execPath(), "cache", "--quiet", "--no-check", "core/docker/engine_json.ts"], { cwd: folder });
  try {
    deepEqual(await load(), { success: true, code: 0, stdout: "", stderr: "" });
    const path = join(folder, "deno.json");
    const text = await Deno.readTextFile(path);
    // The package itself is there: what is refused is that the lock does not say so.
    await Deno.writeTextFile(path, text.replace("npm:valibot@1.5.0", "npm:valibot@^1.5.0"));
    const { success, stderr } = await load();
    equal(success, false);
    match(stderr, /The lockfile is out of date/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const hasGit = await run(["git", "--version"]).then(({ success }) => success, () => false);
const name = "a commit is named, a change marked, and a folder outside git has none (needs git)";

Deno.test({ name, ignore: !hasGit }, async () => {
  const folder = await Deno.makeTempDir();
  const git = async (...args: string[]) => {
    const identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "core.hooksPath=/dev/null"];
    const { success } = await new Deno.Command("git", {
      args: ["-C", folder, ...identity, ...args],
      stdout: "null",
    })
      .output();
    equal(success, true, args.join(" "));
  };
  try {
    equal(await describeCommit(folder), "unknown");
    await Deno.mkdir(join(folder, "core"));
    await Deno.writeTextFile(join(folder, "core/a.ts"), "one");
    await Deno.writeTextFile(join(folder, "README.md"), "one");
    await git("init", "--quiet");
    await git("add", ".");
    await git("commit", "--quiet", "--message", "first");
    const clean = await describeCommit(folder);
    match(clean, /^[0-9a-f]{10}$/);
    await Deno.writeTextFile(join(folder, "README.md"), "two");
    equal(await describeCommit(folder), clean, "the text is no part of the binaries");
    await Deno.writeTextFile(join(folder, "core/a.ts"), "two");
    equal(await describeCommit(folder), `${clean}-dirty`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
