/**
 * `deno task compile [--target TRIPLE]`: writes the three programs, a bill of materials of each, the licences of what they
 * hold and SHA256SUMS to `dist/` (`dist/TRIPLE/` for another system than this one). Types are not checked here; `deno task ok`
 * does that.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { OperationError } from "../core/error.ts";
import { runOrThrow } from "./command.ts";
import { makeCompileCache } from "./compile_cache.ts";
import { type Compiler, findCompiler } from "./compiler.ts";
import { denoFolders } from "./npm_cache.ts";
import { permissionFlags, type Program, PROGRAMS, V8_FLAGS } from "./programs.ts";
import { imageRepository, LICENCES_FILE, SYSTEMS } from "./release/names.ts";
import { hashFile } from "./runtime_file.ts";
import { version } from "../program/build_info.ts";
import { writeBom } from "./sbom/cyclonedx.ts";
import { licenceTexts } from "./sbom/npm_components.ts";
import { programBom } from "./sbom/program_bom.ts";
import { runtimeParts } from "./sbom/runtime_components.ts";
import { describeCommit, namedPackages, productPackages, stampedCopy } from "./source_tree.ts";
import { formatTable } from "./table.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What one compilation needs besides the program. */
export interface Job {
  readonly compiler: Compiler;
  readonly target: string;
  /** the copied sources */
  readonly sources: string;
  /** the folder of {@linkcode makeCompileCache} */
  readonly cache: string;
  /** the folder that gets the binaries */
  readonly output: string;
}

/**
 * Compiles one program.
 *
 * @returns path of the binary
 * @throws OperationError when it does not compile
 */
export async function compileProgram(program: Program, job: Job): Promise<string> {
  const path = join(job.output, program.binary);
  await runOrThrow([
    ...job.compiler.argv,
    "compile",
    "--quiet",
    "--no-check",
    "--no-code-cache",
    ...job.compiler.flags,
    `--v8-flags=${V8_FLAGS.join(",")}`,
    "--unstable-worker-options",
    "--unstable-net",
    ...permissionFlags(program, { target: job.target, version: job.compiler.version }),
    ...[...program.include, ...program.files ?? []].flatMap((module) => ["--include", module]),
    "--target",
    job.target,
    "--output",
    // Written beside the old file and renamed: a running program's own file cannot be overwritten.
    `${path}.new`,
    program.entry,
  ], { cwd: job.sources, env: { ...job.compiler.env, DENO_DIR: job.cache } });
  await Deno.rename(`${path}.new`, path);
  return path;
}

/** Sources and packages as they are compiled; gone when it ends. */
export class CompileFolders implements AsyncDisposable {
  private constructor(readonly sources: string, readonly cache: string) {}

  /**
   * Copies both.
   *
   * @param root folder of the repository
   * @param commit what `--version` shall show
   */
  static async create(compiler: Compiler, root: string, commit: string): Promise<CompileFolders> {
    const sources = await stampedCopy(root, commit, {}, imageRepository(Deno.env.toObject()));
    try {
      const modules = PROGRAMS.flatMap(({ entry, include }) => [entry, ...include]);
      const packages = await productPackages(sources);
      return new CompileFolders(
        sources,
        await makeCompileCache(compiler, sources, [...new Set(modules)], packages),
      );
    } catch (error) {
      await Deno.remove(sources, { recursive: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.sources, { recursive: true });
    await Deno.remove(this.cache, { recursive: true });
  }
}

/** Writes what is in the programs of a folder: a bill of materials of each, and the licences. */
async function describePrograms(output: string, target: string, commit: string): Promise<void> {
  // What only some files are copied from has not been downloaded by compiling.
  await runOrThrow([Deno.execPath(), "install", "--quiet", "--frozen"], { cwd: ROOT });
  const { npmCache } = await denoFolders();
  const packages = await productPackages(ROOT);
  const copied = await namedPackages(ROOT, PROGRAMS.flatMap(({ copiedPackages = [] }) => copiedPackages));
  await Deno.writeTextFile(
    join(output, LICENCES_FILE),
    await licenceTexts([...packages, ...copied], npmCache),
  );
  // The runtime is the same in each.
  const runtime = await runtimeParts(join(output, PROGRAMS[0]?.binary ?? ""));
  for (const { binary, copiedPackages = [] } of PROGRAMS) {
    const files = await namedPackages(ROOT, copiedPackages);
    const path = join(output, binary);
    await writeBom(
      path,
      await programBom(path, { version, commit, target, packages, files, npmCache, runtime }),
    );
  }
}

/**
 * Compiles all programs for a target.
 *
 * @param target the target triple, as in `x86_64-unknown-linux-gnu`
 * @throws OperationError when there is no such target, no compiler can be had, or a program does not compile
 */
async function compileAll(target: string): Promise<void> {
  const targets = SYSTEMS.map((system) => system.target);
  if (!targets.includes(target)) {
    throw new OperationError(
      "usage",
      `Cannot compile for ${target}: there is no such target`,
      `It is one of ${targets.join(", ")}`,
    );
  }
  const output = target === Deno.build.target ? join(ROOT, "dist") : join(ROOT, "dist", target);
  const compiler = await findCompiler(target);
  const commit = await describeCommit(ROOT);
  console.log(`Compiling commit ${commit} for ${target}; runtime file from ${compiler.origin}`);
  await Deno.mkdir(output, { recursive: true });
  await using folders = await CompileFolders.create(compiler, ROOT, commit);
  const { sources, cache } = folders;
  const rows: string[][] = [["file", "size", "sha256", "deno"]];
  const sums: string[] = [];
  for (const program of PROGRAMS) {
    const path = await compileProgram(program, { compiler, target, sources, cache, output });
    const hash = await hashFile(path);
    const { size } = await Deno.stat(path);
    sums.push(`${hash}  ${program.binary}\n`);
    rows.push([
      path.slice(ROOT.length),
      `${(size / 1e6).toFixed(1)} MB`,
      hash.slice(0, 16),
      compiler.version,
    ]);
  }
  await Deno.writeTextFile(join(output, "SHA256SUMS"), sums.join(""));
  await describePrograms(output, target, commit);
  console.log(formatTable(rows));
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({ args: Deno.args, options: { target: { type: "string" } } });
    await compileAll(values.target ?? Deno.build.target);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(1);
  }
}
