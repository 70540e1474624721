/**
 * The newest wireguard-go and gvproxy that Debian has, in the cache folder: fetched once, as tools/engines does it for the tests.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "../core/error.ts";
import { machineSource } from "../tools/engines/debian_source.ts";
import { extractPackages, type PackageChoice, SuiteNotServed } from "../tools/engines/private_apt.ts";
import { cacheFolder } from "../tools/runtime_file.ts";
import { run } from "../tests/topology/process.ts";
import { upstreamVersion } from "./subjects.ts";

/** Both are Go programs, which run on an older C library too. */
const CHOICE: PackageChoice = { suite: "forky", packages: ["gvproxy", "wireguard-go"], isWhole: false };

/** The wireguard-go of the machine's own suite. */
export const OWN_WIREGUARD_GO = "/usr/bin/wireguard-go";

/** The programs that are compared, and their versions. */
export interface NewestPrograms {
  readonly wireguardGo: string;
  readonly wireguardGoVersion: string;
  readonly gvproxyVersion: string;
  /** The day on which they were fetched; empty where the machine's own serve because the newest cannot be had. */
  readonly fetched: string;
}

/** What is remembered beside the extracted packages. */
interface Fetched {
  readonly versions: Readonly<Record<string, string>>;
  readonly day: string;
}

/** Packages and versions in the names of package files. */
export function versionsOf(names: readonly string[]): Record<string, string> {
  const pairs = names.map((name) => /^([^_]+)_([^_]+)_[^_]+\.deb$/.exec(name)?.slice(1) ?? []);
  return Object.fromEntries(
    pairs.flatMap(([name, version]) =>
      name === undefined || version === undefined ? [] : [[name, decodeURIComponent(version)]]
    ),
  );
}

async function fetchPackages(folder: string): Promise<Fetched> {
  const source = await machineSource();
  if (source === undefined) throw new SuiteNotServed("this machine is no Debian");
  await Deno.mkdir(join(folder, ".."), { recursive: true });
  const scratch = await Deno.makeTempDir({ dir: join(folder, ".."), prefix: "fetch-" });
  try {
    const made = join(scratch, "peers");
    await Deno.mkdir(made);
    await extractPackages(source, CHOICE, scratch, join(made, "root"));
    const names = Array.from(Deno.readDirSync(join(scratch, "archives")), ({ name }) => name);
    const fetched: Fetched = { versions: versionsOf(names), day: new Date().toISOString().slice(0, 10) };
    await Deno.writeTextFile(join(made, "peers.json"), JSON.stringify(fetched));
    await Deno.rename(made, folder);
    return fetched;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

async function installedVersion(name: string): Promise<string> {
  const { stdout } = await run(["dpkg-query", "-W", "-f", "${Version}", name]);
  return upstreamVersion(stdout);
}

/** The version of the machine's own wireguard-go. */
export async function ownWireguardGoVersion(): Promise<string> {
  return await installedVersion("wireguard-go");
}

/**
 * Makes sure that they are there, and puts them first in PATH for all that is started from now on.
 *
 * @param report is told of a fetch, and of one that failed
 */
export async function useNewestPrograms(report: (line: string) => void): Promise<NewestPrograms> {
  const folder = join(cacheFolder(Deno.env.toObject()), "peers", CHOICE.suite);
  let fetched: Fetched | undefined;
  try {
    const kept = await Deno.readTextFile(join(folder, "peers.json")).catch(() => undefined);
    if (kept === undefined) report(`Fetching ${CHOICE.packages.join(" and ")} of Debian's ${CHOICE.suite}`);
    fetched = kept === undefined ? await fetchPackages(folder) : JSON.parse(kept);
  } catch (error) {
    if (!(error instanceof OperationError || error instanceof SuiteNotServed)) throw error;
    report(`The machine's own serve: ${error.message}`);
  }
  if (fetched === undefined) {
    const [wireguardGoVersion, gvproxyVersion] = await Promise.all(
      ["wireguard-go", "gvproxy"].map(installedVersion),
    );
    return {
      wireguardGo: OWN_WIREGUARD_GO,
      wireguardGoVersion: wireguardGoVersion ?? "",
      gvproxyVersion: gvproxyVersion ?? "",
      fetched: "",
    };
  }
  const programs = join(folder, "root", "usr", "bin");
  Deno.env.set("PATH", `${programs}:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}`);
  return {
    wireguardGo: join(programs, "wireguard-go"),
    wireguardGoVersion: upstreamVersion(fetched.versions["wireguard-go"] ?? ""),
    gvproxyVersion: upstreamVersion(fetched.versions["gvproxy"] ?? ""),
    fetched: fetched.day,
  };
}
