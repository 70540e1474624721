/**
 * `deno run -A tools/source_programs.ts FOLDER`: writes the three programs to a folder so that this Deno runs them from
 * source, under exactly the grants and V8 flags of a compiled one. Where no runtime file of the released Deno can be had,
 * this is how the tests run on it: `DOCKER_CONNECTOR_PROGRAMS=FOLDER deno test -A tests/e2e/traffic_test.ts`.
 *
 *     FOLDER/docker-connector          starts FOLDER/deno with the grants, at server/main.ts
 *     FOLDER/docker-connector-client   the same for the client
 *     FOLDER/docker-accessor           the same for the accessor
 *     FOLDER/deno                      a copy of this Deno
 *     FOLDER/source                    what would be compiled, with the commit in it
 *     FOLDER/cache                     the npm packages, so that nothing is downloaded at run time
 *
 * The folder holds all that is needed, and everybody may read it: tests that give up root use it too.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { OperationError } from "../core/error.ts";
import { runOrThrow } from "./command.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { permissionFlags, type Program, PROGRAMS, V8_FLAGS } from "./programs.ts";
import { describeCommit, stampedCopy } from "./source_tree.ts";

/** Quotes a word for a shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The command that runs a program from source as its binary would run.
 *
 * @param folder where `deno`, `source` and `cache` are
 * @param program which
 * @returns program and arguments, without those of the program itself
 */
export function sourceCommand(folder: string, program: Program): string[] {
  const build = { target: Deno.build.target, version: Deno.version.deno };
  return [
    join(folder, "deno"),
    "run",
    "--quiet",
    "--no-check",
    "--cached-only",
    `--config=${join(folder, "source", "deno.json")}`,
    `--v8-flags=${V8_FLAGS.join(",")}`,
    "--unstable-worker-options",
    "--unstable-net",
    ...permissionFlags(program, build),
    join(folder, "source", program.entry),
  ];
}

async function makeReadable(folder: string): Promise<void> {
  await runOrThrow(["chmod", "-R", "a+rX", folder]);
}

/**
 * Writes the programs.
 *
 * @param folder gets them; made if absent
 * @param replaced texts that stand in for source files, by their paths
 * @param programs which programs, with which grants
 * @throws OperationError when the npm packages cannot be had
 */
export async function writeSourcePrograms(
  folder: string,
  replaced: Readonly<Record<string, string>> = {},
  programs: readonly Program[] = PROGRAMS,
): Promise<void> {
  const path = resolve(folder);
  await Deno.mkdir(path, { recursive: true });
  const deno = join(path, "deno");
  // Removed first: a running program's own file cannot be written to.
  await Deno.remove(deno).catch(() => {});
  await Deno.copyFile(Deno.execPath(), deno);
  await Deno.chmod(deno, 0o755);
  const source = join(path, "source");
  await Deno.remove(source, { recursive: true }).catch(() => {});
  const copy = await stampedCopy(ROOT_FOLDER, await describeCommit(ROOT_FOLDER), replaced);
  try {
    await runOrThrow(["cp", "-a", copy, source]);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
  const modules = [...new Set(programs.flatMap(({ entry, include }) => [entry, ...include]))];
  const env = { DENO_DIR: join(path, "cache") };
  const config = `--config=${join(source, "deno.json")}`;
  await runOrThrow([deno, "cache", "--quiet", "--no-check", config, ...modules], { cwd: source, env });
  for (const program of programs) {
    const launcher = join(path, program.binary);
    const command = sourceCommand(path, program).map(quote).join(" ");
    const lines = [
      "#!/bin/sh",
      `export DENO_DIR=${quote(env.DENO_DIR)} DENO_NO_UPDATE_CHECK=1`,
      `exec ${command} "$@"`,
    ];
    await Deno.writeTextFile(launcher, `${lines.join("\n")}\n`);
    await Deno.chmod(launcher, 0o755);
  }
  await makeReadable(path);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  try {
    if (folder === undefined) {
      throw new OperationError("usage", "Cannot write the programs: no folder is named", "Name one");
    }
    await writeSourcePrograms(folder);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(1);
  }
}
