/**
 * Docker Engines of other Debian suites than the machine's own, for the tests: fetched once into the cache folder.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { cacheFolder } from "../runtime_file.ts";
import { machineSource } from "./debian_source.ts";
import { completePodmanRoot } from "./podman_root.ts";
import { extractPackages, type PackageChoice, SuiteNotServed } from "./private_apt.ts";

/** The Engines that are fetched, by program and suite. */
export type FetchedEngine = "docker-forky" | "docker-trixie" | "podman-trixie";

/** What each is made of. The last package has the Engine's version. */
const DOCKER_PACKAGES = ["containerd", "docker-cli", "docker.io"];

const CHOICES: Readonly<Record<FetchedEngine, PackageChoice>> = {
  // Its programs run on an older C library too, but for runc, which is the machine's.
  "docker-forky": { suite: "forky", packages: DOCKER_PACKAGES, isWhole: false },
  "docker-trixie": { suite: "trixie", packages: DOCKER_PACKAGES, isWhole: false },
  "podman-trixie": {
    suite: "trixie",
    packages: [
      "aardvark-dns",
      "base-files",
      "busybox-static",
      "catatonit",
      "iptables",
      "netavark",
      "nftables",
      "runc",
      "podman",
    ],
    isWhole: true,
  },
};

/** The fetched Engines' names. */
export const FETCHED_ENGINES = Object.keys(CHOICES) as readonly FetchedEngine[];

/** An Engine in the cache folder. */
export interface EngineFiles {
  /** folder with the files of its packages, as from `/` */
  readonly root: string;
  /** the version of its package */
  readonly version: string;
}

/** Why an Engine is not there. */
export interface EngineAbsence {
  /** reads "needs ..." */
  readonly reason: string;
  /** whether the machine could have it */
  readonly isAvoidable: boolean;
}

/** Its folder; another choice of packages is another folder, so that an old one is not taken for the new. */
function folderOf(name: FetchedEngine): string {
  const hash = createHash("sha256").update(JSON.stringify(CHOICES[name])).digest("hex").slice(0, 8);
  return join(cacheFolder(Deno.env.toObject()), "engines", `${name}-${hash}`);
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The Engine's files; undefined while it is not fetched. */
export function engineFiles(name: FetchedEngine): EngineFiles | undefined {
  const folder = folderOf(name);
  const found = readJson<{ readonly version: string }>(join(folder, "engine.json"));
  return found === undefined ? undefined : { root: join(folder, "root"), version: found.version };
}

/** Why the Engine is not there, by the last attempt to fetch it. */
export function engineAbsence(name: FetchedEngine): EngineAbsence {
  return readJson<EngineAbsence>(`${folderOf(name)}.absent.json`) ??
    { reason: `needs ${name}, which deno task test fetches`, isAvoidable: true };
}

async function fetchEngine(name: FetchedEngine): Promise<string> {
  const choice = CHOICES[name];
  const source = await machineSource();
  if (source === undefined) throw new SuiteNotServed("this machine is no Debian");
  const folder = folderOf(name);
  await Deno.mkdir(join(folder, ".."), { recursive: true });
  const scratch = await Deno.makeTempDir({ dir: join(folder, ".."), prefix: "fetch-" });
  try {
    const made = join(scratch, "engine");
    await Deno.mkdir(made);
    const version = await extractPackages(source, choice, scratch, join(made, "root"));
    if (choice.isWhole) await completePodmanRoot(join(made, "root"));
    await Deno.writeTextFile(join(made, "engine.json"), JSON.stringify({ version }));
    // Atomic: tests that run at the same time see no Engine or the whole one.
    await Deno.rename(made, folder);
    return version;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/**
 * Fetches the Engines that are not there yet; one that cannot be had is told and remembered.
 *
 * @param report gets a line for each Engine that is fetched or missed
 */
export async function fetchEngines(report: (line: string) => void): Promise<void> {
  for (const name of FETCHED_ENGINES) {
    if (engineFiles(name) !== undefined) continue;
    const { suite, packages } = CHOICES[name];
    report(`Fetching ${name} for the tests: ${packages.join(", ")} of Debian's ${suite}`);
    const absent = `${folderOf(name)}.absent.json`;
    try {
      const version = await fetchEngine(name);
      await Deno.remove(absent).catch(() => {});
      report(`Fetched ${name}: version ${version}`);
    } catch (error) {
      if (!(error instanceof OperationError || error instanceof SuiteNotServed)) throw error;
      const isAvoidable = error instanceof OperationError;
      const fault = error.message.split("\n").at(-1) ?? "";
      const reason = `needs Debian's ${suite}, ${isAvoidable ? "not fetched" : "not to be had"}: ${fault}`
        .replaceAll(/[()]/g, "");
      await Deno.mkdir(join(absent, ".."), { recursive: true });
      await Deno.writeTextFile(absent, JSON.stringify({ reason, isAvoidable }));
      report(`Tests on ${name} will be skipped: it ${reason}`);
    }
  }
}
