/**
 * Programs of other Debian suites than the machine's own, for tests and benchmark: fetched once into the cache folder.
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

/** The Docker Engines that are fetched, by program and suite. */
export type FetchedEngine = "docker-forky" | "docker-trixie" | "podman-trixie";

/** All that is fetched. */
export type FetchedName = FetchedEngine | "gvproxy-forky" | "resolved-bookworm" | "wireguard-go-forky";

const DOCKER_PACKAGES = ["containerd", "docker-cli", "docker.io"];

/** What each is made of. The last package has its version. */
const CHOICES: Readonly<Record<FetchedName, PackageChoice>> = {
  // Both are Go programs, which run on an older C library too.
  "gvproxy-forky": { suite: "forky", packages: ["gvproxy"], isWhole: false },
  "wireguard-go-forky": { suite: "forky", packages: ["wireguard-go"], isWhole: false },
  // Installed, it would replace the machine's own resolv.conf. Its library has to be of the same version.
  "resolved-bookworm": {
    suite: "bookworm",
    packages: ["libsystemd-shared", "systemd-resolved"],
    isWhole: false,
  },
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

/** The fetched Engines' names, the newest first. */
export const FETCHED_ENGINES: readonly FetchedEngine[] = ["docker-forky", "docker-trixie", "podman-trixie"];

/** What was fetched, in the cache folder. */
export interface FetchedPackages {
  /** folder with the files of its packages, as from `/` */
  readonly root: string;
  /** the version of its last package */
  readonly version: string;
}

/** Why something is not there. */
export interface Absence {
  /** reads "needs ..." */
  readonly reason: string;
  /** whether the machine could have it */
  readonly isAvoidable: boolean;
}

/** Its folder; another choice of packages is another folder, so that an old one is not taken for the new. */
function folderOf(name: FetchedName): string {
  const hash = createHash("sha256").update(JSON.stringify(CHOICES[name])).digest("hex").slice(0, 8);
  return join(cacheFolder(Deno.env.toObject()), "packages", `${name}-${hash}`);
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What was fetched by this name; undefined while it is not. */
export function fetchedPackages(name: FetchedName): FetchedPackages | undefined {
  const folder = folderOf(name);
  const found = readJson<{ readonly version: string }>(join(folder, "version.json"));
  return found === undefined ? undefined : { root: join(folder, "root"), version: found.version };
}

/** Why it is not there, by the last attempt to fetch it. */
export function absenceOf(name: FetchedName): Absence {
  return readJson<Absence>(`${folderOf(name)}.absent.json`) ??
    { reason: `needs ${name}, which deno task test fetches`, isAvoidable: true };
}

async function fetchPackages(name: FetchedName): Promise<string> {
  const choice = CHOICES[name];
  const source = await machineSource();
  if (source === undefined) throw new SuiteNotServed("this machine is no Debian");
  const folder = folderOf(name);
  await Deno.mkdir(join(folder, ".."), { recursive: true });
  const scratch = await Deno.makeTempDir({ dir: join(folder, ".."), prefix: "fetch-" });
  try {
    const made = join(scratch, "made");
    await Deno.mkdir(made);
    const version = await extractPackages(source, choice, scratch, join(made, "root"));
    if (choice.isWhole) await completePodmanRoot(join(made, "root"));
    await Deno.writeTextFile(join(made, "version.json"), JSON.stringify({ version }));
    // Atomic: tests that run at the same time see nothing or all of it.
    await Deno.rename(made, folder);
    return version;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/**
 * Fetches what is not there yet; what cannot be had is told and remembered.
 *
 * @param names of what is wanted; all where absent
 * @param report gets a line for each that is fetched or missed
 */
export async function fetchAll(
  report: (line: string) => void,
  names: readonly FetchedName[] = Object.keys(CHOICES) as FetchedName[],
): Promise<void> {
  for (const name of names) {
    if (fetchedPackages(name) !== undefined) continue;
    const { suite, packages } = CHOICES[name];
    report(`Fetching ${name}: ${packages.join(", ")} of Debian's ${suite}`);
    const absent = `${folderOf(name)}.absent.json`;
    try {
      const version = await fetchPackages(name);
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
      report(`What runs ${name} will be skipped: it ${reason}`);
    }
  }
}
