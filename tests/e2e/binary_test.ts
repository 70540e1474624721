import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../../tools/command.ts";
import { CompileFolders, compileProgram } from "../../tools/compile.ts";
import { findCompiler } from "../../tools/compiler.ts";
import { reasonToCompile } from "../../tools/freshness.ts";
import { denoFolders, packageFolder } from "../../tools/npm_cache.ts";
import { PROGRAMS } from "../../tools/programs.ts";
import { hashFile } from "../../tools/runtime_file.ts";
import { describeCommit, productPackages, SOURCES } from "../../tools/source_tree.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIST = `${ROOT}dist`;

/** Libraries of Debian's packages libc6 and libgcc-s1. */
const SYSTEM_LIBRARIES = new Set([
  "ld-linux-x86-64.so.2",
  "ld-linux-aarch64.so.1",
  "libc.so.6",
  "libdl.so.2",
  "libgcc_s.so.1",
  "libm.so.6",
  "libpthread.so.0",
  "librt.so.1",
  "linux-vdso.so.1",
]);

const isLinux = Deno.build.os === "linux";
const isRoot = isLinux && Deno.uid() === 0;

async function run(program: string, args: string[], cwd?: string) {
  const output = await new Deno.Command(program, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code: output.code, stdout: text.decode(output.stdout), stderr: text.decode(output.stderr) };
}

Deno.test("the programs are newer than every source", async () => {
  equal(await reasonToCompile(DIST), undefined, "run: deno task compile");
});

for (const { binary } of PROGRAMS) {
  Deno.test({
    name: `${binary} runs alone: empty folder, no home, no environment, no network${
      isRoot ? "" : " (needs root)"
    }`,
    ignore: !isRoot,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.copyFile(`${DIST}/${binary}`, `${folder}/${binary}`);
        const alone = ["-n", "env", "-i", "HOME=/nonexistent", `./${binary}`];
        const { code, stdout, stderr } = await run("unshare", [...alone, "--version"], folder);
        deepEqual([code, stderr], [0, ""]);
        match(
          stdout,
          new RegExp(`^${binary} \\d+\\.\\d+\\.\\d+ \\(commit \\S+, deno \\d+\\.\\d+\\.\\d+\\)\n$`),
        );
        equal((await run("unshare", [...alone, "--help"], folder)).code, 0);
        deepEqual(Array.from(Deno.readDirSync(folder), (entry) => entry.name), [binary]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });

  Deno.test({
    name: `${binary} names the commit it was compiled from`,
    async fn() {
      const commit = await describeCommit(ROOT);
      const { stdout } = await run(`${DIST}/${binary}`, ["--version"]);
      ok(stdout.includes(`(commit ${commit}, `), `${stdout} does not name ${commit}; run: deno task compile`);
    },
  });

  Deno.test({
    name: `${binary} needs no library but glibc's and libgcc_s${isLinux ? "" : " (needs Linux)"}`,
    ignore: !isLinux,
    async fn() {
      const { code, stdout } = await run("ldd", [`${DIST}/${binary}`]);
      equal(code, 0);
      const libraries = stdout.trim().split("\n").map((line) =>
        line.trim().split(/\s/)[0]?.split("/").at(-1) ?? ""
      );
      ok(libraries.includes("libc.so.6"), stdout);
      deepEqual(libraries.filter((name) => !SYSTEM_LIBRARIES.has(name)), []);
    },
  });
}

Deno.test({
  name: `SHA256SUMS holds the hashes of the binaries${isLinux ? "" : " (needs Linux)"}`,
  ignore: !isLinux,
  async fn() {
    const { code, stdout } = await run("sha256sum", ["--strict", "--check", "SHA256SUMS"], DIST);
    equal(code, 0);
    equal(stdout, PROGRAMS.map(({ binary }) => `${binary}: OK\n`).join(""));
  },
});

/** Copies the files that are there with the time of the copy and the modes of another umask. */
async function copyAgain(from: readonly string[], to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  const there = from.filter((path) => existsSync(path));
  await runOrThrow(["sh", "-c", 'umask 077; exec cp -R "$@"', "sh", ...there, to]);
}

Deno.test("compiled again in another folder, at another time and with other downloads, a program is the same to the byte", async () => {
  const [program] = PROGRAMS.filter(({ binary }) => binary === "docker-accessor");
  if (program === undefined) throw new Error("there is no docker-accessor");
  const folder = await Deno.makeTempDir();
  const usual = Deno.env.get("TMPDIR");
  try {
    await copyAgain(SOURCES.map((name) => join(ROOT, name)), `${folder}/another/clone`);
    const compiler = await findCompiler(Deno.build.target);
    const { npmCache } = await denoFolders(compiler.argv, compiler.env);
    for (const each of await productPackages(ROOT)) {
      const path = await packageFolder(npmCache, each);
      const files = [path, join(path, "..", "registry.json")].map((name) => join(npmCache, name));
      await copyAgain(files, dirname(join(folder, "downloads", "npm", path)));
    }
    await Deno.mkdir(`${folder}/temporary/files`, { recursive: true });
    Deno.env.set("TMPDIR", `${folder}/temporary/files`);
    const elsewhere = { ...compiler, env: { ...compiler.env, DENO_DIR: `${folder}/downloads` } };
    await using folders = await CompileFolders.create(
      elsewhere,
      `${folder}/another/clone`,
      await describeCommit(ROOT),
    );
    const { sources, cache } = folders;
    const job = { compiler: elsewhere, target: Deno.build.target, sources, cache, output: folder };
    const path = await compileProgram(program, job);
    equal(await hashFile(path), await hashFile(`${DIST}/${program.binary}`));
  } finally {
    if (usual === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", usual);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the Deno of a release compiles the server, where its own file stands in for a runtime file", async () => {
  const [program] = PROGRAMS.filter(({ binary }) => binary === "docker-connector");
  if (program === undefined) throw new Error("there is no docker-connector");
  const own = Deno.execPath();
  const { deno: version } = Deno.version;
  const compiler = { argv: [own], flags: ["--frozen"], env: { DENORT_BIN: own }, version, origin: own };
  const output = await Deno.makeTempDir();
  try {
    await using folders = await CompileFolders.create(compiler, ROOT, "unknown");
    const { sources, cache } = folders;
    const path = await compileProgram(program, {
      compiler,
      target: Deno.build.target,
      sources,
      cache,
      output,
    });
    ok((await Deno.stat(path)).size > (await Deno.stat(own)).size + 1e6, "the modules are in it");
  } finally {
    await Deno.remove(output, { recursive: true });
  }
});
