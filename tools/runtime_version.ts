/**
 * Which Deno a runtime file (denort) is of. `deno compile` does not look: given the file of another version it
 * writes a program that ends with status 1 and without a word.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";

/** What every Deno holds once at least: the User-Agent that its `fetch` sends. */
const USER_AGENT = /Deno\/(\d+\.\d+\.\d+)/g;

/** Longest User-Agent that may lie across two pieces of the file, in bytes. */
const OVERLAP = 32;

/** The versions that a file names as its User-Agent. */
async function versionsIn(path: string): Promise<Set<string>> {
  const versions = new Set<string>();
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1 << 20);
  // Latin-1, so that each byte is one character and none is refused.
  const text = new TextDecoder("latin1");
  let rest = "";
  for (let length = await file.read(buffer); length !== null; length = await file.read(buffer)) {
    const piece = rest + text.decode(buffer.subarray(0, length));
    for (const [, version = ""] of piece.matchAll(USER_AGENT)) versions.add(version);
    rest = piece.slice(-OVERLAP);
  }
  return versions;
}

/**
 * The Deno inside a runtime file or a compiled program.
 *
 * @param path the file
 * @returns its version, for example `2.9.6`; undefined when there is no Deno in it
 */
export async function runtimeVersion(path: string): Promise<string | undefined> {
  return newestVersion(await versionsIn(path));
}

/** A library inside may look the same; Deno's own version is the highest. */
function newestVersion(versions: ReadonlySet<string>): string | undefined {
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
  const found = await runtimeVersion(path);
  if (found === version) return;
  throw new OperationError(
    "failure",
    `Cannot release ${path}: it holds ${
      found === undefined ? "no Deno" : `Deno ${found}`
    }, not Deno ${version}`,
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
  const refuse = (state: string, remedy: string) =>
    new OperationError("config", `Cannot compile with DENORT_BIN=${path}: ${state}`, remedy);
  const remedy = `Name the denort of Deno ${version}, or unset DENORT_BIN`;
  const found = await versionsIn(path).catch((error) => {
    throw refuse(error instanceof Deno.errors.NotFound ? "there is no such file" : String(error), remedy);
  });
  if (found.has(version)) return;
  const other = newestVersion(found);
  if (other === undefined) throw refuse("it is no runtime file of Deno", remedy);
  throw refuse(
    `it is of Deno ${other}, and the program would not start, since this is Deno ${version}`,
    `${remedy}, or compile with: npx -y deno@${other} task compile`,
  );
}
