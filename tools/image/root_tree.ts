/**
 * The image's root file system as a folder: the client, the two iptables, the libraries of these, and nothing else.
 *
 * @module
 */
import { basename, dirname, join, relative } from "node:path";
import { OperationError } from "../../core/error.ts";
import { runOrThrow } from "../command.ts";
import { ensurePackages } from "../packages.ts";
import {
  CLIENT_PATH,
  EMPTY_FOLDERS,
  EXTENSION_PREFIXES,
  EXTENSIONS,
  RUN_PROGRAMS,
  WRITTEN_FILES,
} from "./contents.ts";
import { linkedLibraries } from "./shared_libraries.ts";

/** The folder being filled. */
interface Tree {
  readonly root: string;
  /** Paths in the image of all that was put in. */
  readonly paths: Set<string>;
}

/**
 * Fills a folder anew.
 *
 * @param root the folder
 * @param client the compiled client
 * @returns the paths in the image of all files and links, and of empty folders with a slash at their ends, sorted
 * @throws OperationError `unavailable` when something that belongs into the image is not on this machine
 */
export async function assembleRoot(root: string, client: string): Promise<string[]> {
  if (Deno.build.os !== "linux") {
    throw new OperationError(
      "unavailable",
      "Cannot assemble the image: its programs and libraries are those of a Linux machine",
      "Run it on Linux, and load the result with docker load -i mac-docker-connector.tar",
    );
  }
  if (!(await Deno.stat(client).then((info) => info.isFile, () => false))) {
    throw new OperationError(
      "unavailable",
      `Cannot assemble the image: there is no ${client}`,
      "Run deno task compile first",
    );
  }
  await ensurePackages(["iptables"]);
  await Deno.remove(root, { recursive: true }).catch(ignoreAbsence);
  const tree: Tree = { root, paths: new Set() };
  await addFile(tree, client, CLIENT_PATH);
  for (const program of RUN_PROGRAMS) await addFile(tree, program, program);
  const extensions = await addExtensions(tree);
  const libraries = await linkedLibraries([client, ...RUN_PROGRAMS, ...extensions]);
  for (const library of libraries) await addFile(tree, library, library);
  for (const [path, text] of Object.entries(WRITTEN_FILES)) await writeFile(tree, path, text);
  for (const path of EMPTY_FOLDERS) {
    await Deno.mkdir(join(root, path), { recursive: true });
    tree.paths.add(`${path}/`);
  }
  // The status socket and the lock have paths below /var/run and /run.
  await addLink(tree, "/var/run", "../run");
  await smooth(tree);
  return [...tree.paths].sort();
}

/** Adds the extensions; the paths of their files on this machine. */
async function addExtensions(tree: Tree): Promise<string[]> {
  const libraries = await linkedLibraries(RUN_PROGRAMS);
  const core = libraries.find((path) => basename(path).startsWith("libxtables."));
  if (core === undefined) throw extensionsMissing("libxtables");
  const folder = join(await Deno.realPath(dirname(core)), "xtables");
  const added: string[] = [];
  for (const name of Object.keys(EXTENSIONS)) {
    const files: string[] = [];
    for (const prefix of EXTENSION_PREFIXES) {
      const path = join(folder, `${prefix}${name}.so`);
      if (await Deno.lstat(path).then(() => true, () => false)) files.push(path);
    }
    if (files.length === 0) throw extensionsMissing(join(folder, `libxt_${name}.so`));
    for (const path of files) {
      added.push(path);
      const target = await Deno.realPath(path);
      await addFile(tree, target, target);
      // One file holds several extensions and must not be loaded twice.
      if (target !== path) await addLink(tree, path, relative(folder, target));
    }
  }
  return added;
}

function extensionsMissing(path: string): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot assemble the image: this machine's iptables has no ${path}`,
    "Use a machine with iptables 1.8.9 or later, such as Debian 12: sudo apt-get install iptables",
  );
}

async function addFile({ root, paths }: Tree, source: string, path: string): Promise<void> {
  if (paths.has(path)) return;
  await Deno.mkdir(dirname(join(root, path)), { recursive: true });
  await Deno.copyFile(source, join(root, path));
  paths.add(path);
}

async function writeFile({ root, paths }: Tree, path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(join(root, path)), { recursive: true });
  await Deno.writeTextFile(join(root, path), text);
  paths.add(path);
}

async function addLink({ root, paths }: Tree, path: string, target: string): Promise<void> {
  if (paths.has(path)) return;
  await Deno.mkdir(dirname(join(root, path)), { recursive: true });
  await Deno.symlink(target, join(root, path));
  paths.add(path);
}

/** The same modes and times whatever this machine's are, so that equal files give an equal layer. */
async function smooth({ root }: Tree): Promise<void> {
  await runOrThrow(["chmod", "-R", "u=rwX,go=rX", root]);
  await runOrThrow(["find", root, "-exec", "touch", "--no-dereference", "--date=@0", "{}", "+"]);
}

function ignoreAbsence(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
