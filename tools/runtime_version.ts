/**
 * Which Deno a runtime file (denort) is of. `deno compile` does not look: given the file of another version it
 * writes a program that ends with status 1 and without a word.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { matchesIn } from "./file_scan.ts";

/** What every Deno holds once at least: the User-Agent that its `fetch` sends. */
const USER_AGENT = /Deno\/(\d+\.\d+\.\d+)/g;

/** Longest User-Agent that may lie across two pieces of the file, in bytes. */
const OVERLAP = 32;

/** The versions that a file names as its User-Agent. */
async function versionsIn(path: string): Promise<Set<string>> {
  const versions = new Set<string>();
  for await (const [, version = ""] of matchesIn(path, USER_AGENT, OVERLAP)) versions.add(version);
  return versions;
}

/** A library inside may look the same; Deno's own version is the highest. */
export function newestVersion(versions: ReadonlySet<string>): string | undefined {
  return [...versions].sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
}

/**
 * Makes sure that a compiled program holds the Deno that is released.
 *
 * @param path the program
 * @param version the Deno to be released
 * @throws OperationError `failure` when it holds another one, or none
 */
export async function checkReleasedRuntime(path: string, version: string): Promise<void> {
  const found = newestVersion(await versionsIn(path));
  if (found === version) return;
  const held = found === undefined ? "no Deno" : `Deno ${found}`;
  throw new OperationError(
    "failure",
    `Cannot release ${path}: it holds ${held}, not Deno ${version}`,
    `Compile it where Deno's download site can be reached: npx -y deno@${version} task compile; for machines of your own ` +
      "add --any-runtime",
  );
}

/**
 * Makes sure that a runtime file is of the Deno that is to compile with it.
 *
 * @param path the runtime file
 * @param version the compiling Deno's version, as in `2.9.6`
 * @throws OperationError `config` when the file is absent, no runtime file, or of another version
 */
export async function checkRuntimeFile(path: string, version: string): Promise<void> {
  const remedy = `Name the denort of Deno ${version}, or unset DENORT_BIN`;
  const refuse = (state: string, advice = remedy) =>
    new OperationError("config", `Cannot compile with DENORT_BIN=${path}: ${state}`, advice);
  const found = await versionsIn(path).catch((error) => {
    throw refuse(error instanceof Deno.errors.NotFound ? "there is no such file" : String(error));
  });
  if (found.has(version)) return;
  const other = newestVersion(found);
  if (other === undefined) throw refuse("it is no runtime file of Deno");
  throw refuse(
    `it is of Deno ${other}, and the program would not start, since this is Deno ${version}`,
    `${remedy}, or compile with: npx -y deno@${other} task compile`,
  );
}
