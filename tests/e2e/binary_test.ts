import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { reasonToCompile } from "../../tools/freshness.ts";
import { PROGRAMS } from "../../tools/programs.ts";
import { describeCommit } from "../../tools/source_tree.ts";

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
