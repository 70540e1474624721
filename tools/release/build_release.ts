/**
 * Puts a release together from compiled programs: archives, images, bills of materials, install.sh, formulas, and the hashes of
 * them all.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { writeFormulas } from "../formula.ts";
import { isFile, ROOT_FOLDER } from "../freshness.ts";
import {
  archiveName,
  bomName,
  downloadAddress,
  HOME,
  IMAGE,
  IMAGE_FILE,
  IMAGE_ID_FILE,
  INSTALLED_PROGRAMS,
  LICENCES_FILE,
  SUMS_FILE,
  type System,
  SYSTEMS,
} from "./names.ts";
import { manFile, writeManPages } from "../man.ts";
import { checkReleasedRuntime } from "../runtime_version.ts";
import { hashFile } from "../runtime_file.ts";
import { type Bom, bomPath } from "../sbom/cyclonedx.ts";
import { hashFiles, writeSums } from "./sums.ts";
import { type Entry, writeArchive, writeCompressed } from "./tar_archive.ts";

/** What a release is made of and for. */
export interface ReleaseSettings {
  /** the folder with this system's programs, and in it one by target triple for each other system */
  readonly programs: string;
  /** the folder that gets the release; emptied first */
  readonly output: string;
  /** the project's page */
  readonly home: string;
  /** as in `0.1.0` */
  readonly version: string;
  /** where the files will be downloaded from, when not from the project's page */
  readonly baseUrl?: string;
  /** whether every system and image has to be there */
  readonly complete: boolean;
  /** the Deno that every program has to hold; any where absent, for tests */
  readonly denoVersion?: string;
}

/** A release that lies in its folder. */
export interface Release {
  /** the files' names */
  readonly files: readonly string[];
  /** what was not there to be put in */
  readonly missing: readonly string[];
}

/** The path of a file made for a target: in the target's own folder, else, if it is this machine's, beside it. */
async function builtFile(
  programs: string,
  target: string,
  name: string,
  isOwn = target === Deno.build.target,
): Promise<string | undefined> {
  const path = join(programs, target, name);
  if (await isFile(path)) return path;
  return isOwn && await isFile(join(programs, name)) ? join(programs, name) : undefined;
}

/** The saved image for Docker's machine on a processor, which is a Linux machine of the same; only with its id. */
async function imageFor(programs: string, cpu: System["cpu"]): Promise<string | undefined> {
  const linux = SYSTEMS.find((system) => system.os === "linux" && system.cpu === cpu);
  if (linux === undefined) return undefined;
  // The Docker machine of a Mac has the Mac's processor.
  const isOwn = linux.target.startsWith(Deno.build.arch);
  const tar = await builtFile(programs, linux.target, IMAGE_FILE, isOwn);
  return tar !== undefined && await isFile(`${tar}.id`) ? tar : undefined;
}

/** The manual pages that come with a program; the client's own comes with the server, since the client is an image. */
const MAN_PAGES: Readonly<Record<string, readonly string[]>> = {
  "docker-connector": [manFile("docker-connector"), manFile("docker-connector-client")],
  "docker-accessor": [manFile("docker-accessor")],
};

/** What lies in the archive of a program. */
async function archiveEntries(
  program: string,
  binary: string,
  system: System,
  image: string | undefined,
  pages: string,
): Promise<Entry[]> {
  const entries: Entry[] = [{ name: program, path: binary, mode: 0o755 }];
  const add = async (path: string, name: string, mode: number) => {
    if (await isFile(join(ROOT_FOLDER, path))) entries.push({ name, path: join(ROOT_FOLDER, path), mode });
  };
  // The config file may come to hold tokens, so nobody but its owner reads it.
  await add(`packaging/${program}.conf`, `${program}.conf`, 0o600);
  if (system.os === "linux") {
    await add(`packaging/systemd/${program}.service`, `${program}.service`, 0o644);
  }
  await add("LICENSE", "LICENSE", 0o644);
  const licences = join(dirname(binary), LICENCES_FILE);
  if (await isFile(licences)) entries.push({ name: LICENCES_FILE, path: licences, mode: 0o644 });
  for (const page of MAN_PAGES[program] ?? []) {
    entries.push({ name: page, path: join(pages, page), mode: 0o644 });
  }
  if (program === "docker-connector" && image !== undefined) {
    entries.push({ name: IMAGE_FILE, path: image, mode: 0o644 });
    entries.push({ name: IMAGE_ID_FILE, path: `${image}.id`, mode: 0o644 });
  }
  return entries;
}

/** A file of the release to be, and how it is written. */
interface Part {
  readonly name: string;
  write(path: string): Promise<void>;
}

/** The archives and images that can be made, and the names of those that cannot. */
async function findParts(programs: string, pages: string): Promise<{ parts: Part[]; missing: string[] }> {
  const parts: Part[] = [];
  const missing: string[] = [];
  const add = async (
    name: string,
    file: string | undefined,
    write: (path: string, file: string) => Promise<void>,
  ) => {
    if (file === undefined) {
      missing.push(name);
      return;
    }
    parts.push({ name, write: (path) => write(path, file) });
    const [bom, source] = [bomName(name), bomPath(file)];
    if (await isFile(source)) parts.push({ name: bom, write: (path) => Deno.copyFile(source, path) });
    else missing.push(bom);
  };
  for (const system of SYSTEMS) {
    const image = await imageFor(programs, system.cpu);
    if (system.os === "linux") await add(archiveName(IMAGE, system), image, writeCompressed);
    for (const program of INSTALLED_PROGRAMS) {
      const binary = await builtFile(programs, system.target, program);
      await add(
        archiveName(program, system),
        binary,
        async (path, binary) =>
          writeArchive(path, await archiveEntries(program, binary, system, image, pages)),
      );
    }
  }
  return { parts, missing };
}

/** Makes sure that each bill of materials is of the file that it lies beside. */
async function checkBoms(programs: string): Promise<void> {
  for (const { target, os, cpu } of SYSTEMS) {
    const files = await Promise.all(
      INSTALLED_PROGRAMS.map((program) => builtFile(programs, target, program)),
    );
    for (const file of [...files, os === "linux" ? await imageFor(programs, cpu) : undefined]) {
      if (file === undefined || !await isFile(bomPath(file)) || await isBomOf(file)) continue;
      throw new OperationError(
        "failure",
        `Cannot release ${file}: ${bomPath(file)} is of another file`,
        "Make both again: deno task compile, then deno task image",
      );
    }
  }
}

async function isBomOf(file: string): Promise<boolean> {
  const { metadata } = JSON.parse(await Deno.readTextFile(bomPath(file))) as Pick<Bom, "metadata">;
  return metadata.component.hashes?.[0]?.content === await hashFile(file);
}

/** Makes sure that what the tests ran on is what is released. */
async function checkRuntimes(programs: string, denoVersion: string): Promise<void> {
  for (const { target, os } of SYSTEMS) {
    for (const program of [...INSTALLED_PROGRAMS, ...os === "linux" ? ["docker-connector-client"] : []]) {
      const binary = await builtFile(programs, target, program);
      if (binary !== undefined) await checkReleasedRuntime(binary, denoVersion);
    }
  }
}

/**
 * Makes a release.
 *
 * @throws OperationError `failure` when nothing is there, when something is missing although it has to be complete, when a
 *   program holds another Deno, or when a bill of materials is of another file
 */
export async function buildRelease(settings: ReleaseSettings): Promise<Release> {
  const pages = await Deno.makeTempDir({ prefix: "docker-connector-man-" });
  try {
    await writeManPages(pages);
    return await buildWithPages(settings, pages);
  } finally {
    await Deno.remove(pages, { recursive: true });
  }
}

async function buildWithPages(settings: ReleaseSettings, pages: string): Promise<Release> {
  const { programs, output, home, version } = settings;
  const { parts, missing } = await findParts(programs, pages);
  if (settings.complete && missing.length > 0) {
    throw new OperationError(
      "failure",
      `Cannot make a complete release: there is nothing for ${missing.join(", ")}`,
      "Put the programs of each system into dist/TRIPLE/, or leave out --complete",
    );
  }
  await checkBoms(programs);
  if (settings.denoVersion !== undefined) await checkRuntimes(programs, settings.denoVersion);
  await Deno.remove(output, { recursive: true }).catch(() => {});
  await Deno.mkdir(output, { recursive: true });
  for (const { name, write } of parts) await write(join(output, name));
  const script = (await Deno.readTextFile(join(ROOT_FOLDER, "install.sh"))).replaceAll(HOME, home);
  await Deno.writeTextFile(join(output, "install.sh"), script);
  await Deno.chmod(join(output, "install.sh"), 0o755);
  const archives = parts.map(({ name }) => name);
  const baseUrl = settings.baseUrl ?? downloadAddress(home, version);
  const sums = await hashFiles(output, [...archives, "install.sh"]);
  const formulas = await writeFormulas(output, { home, version, baseUrl, sums });
  await writeSums(output, new Map([...sums, ...await hashFiles(output, formulas)]));
  return { files: [...archives, "install.sh", ...formulas, SUMS_FILE], missing };
}
