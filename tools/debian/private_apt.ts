/**
 * Packages of another Debian suite than the machine's own, fetched by apt with lists and cache of its own and
 * extracted into a folder. Nothing is installed, and apt compares signatures and hashes as ever.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { run, type RunOptions, runOrThrow } from "../command.ts";
import { adminPath } from "../packages.ts";
import type { DebianSource } from "./debian_source.ts";

/** The keys that Debian signs its suites with, of package debian-archive-keyring. */
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** How apt says that an archive has no such suite. */
const NOT_SERVED = /does not have a Release file|404 +Not Found/;

const SETTINGS: RunOptions = {
  env: { PATH: adminPath(), LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
};

/** What is to be extracted. */
export interface PackageChoice {
  readonly suite: string;
  readonly packages: readonly string[];
  /** whether everything comes along that the packages depend on, down to the C library */
  readonly isWhole: boolean;
}

/** A suite that the machine's archive does not have. */
export class SuiteNotServed extends Error {}

/**
 * Fetches and extracts packages.
 *
 * @param source the machine's own
 * @param choice which packages of which suite
 * @param scratch an empty folder for apt's files
 * @param root a folder that gets the packages' files
 * @returns the version of the last package named, without Debian's own part
 * @throws SuiteNotServed when the archive has no such suite
 * @throws OperationError `failure` with apt's output
 */
export async function extractPackages(
  source: DebianSource,
  { suite, packages, isWhole }: PackageChoice,
  scratch: string,
  root: string,
): Promise<string> {
  const archives = join(scratch, "archives");
  await Promise.all(
    ["lists/partial", "archives/partial"].map((name) => Deno.mkdir(join(scratch, name), { recursive: true })),
  );
  const stanza =
    `Types: deb\nURIs: ${source.uri}\nSuites: ${suite}\nComponents: main\nSigned-By: ${KEYRING}\n`;
  await Deno.writeTextFile(join(scratch, "suite.sources"), stanza);
  await Deno.writeTextFile(join(scratch, "status"), "");
  const options = [
    `Dir::Etc::sourcelist=${join(scratch, "suite.sources")}`,
    "Dir::Etc::sourceparts=-",
    `Dir::State=${scratch}`,
    // With an empty list of installed packages apt takes all that the packages depend on.
    `Dir::State::status=${isWhole ? join(scratch, "status") : "/var/lib/dpkg/status"}`,
    `Dir::Cache=${scratch}`,
    // The cache folder of root is closed to apt's own user.
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  const update = await run(["apt-get", "-q", ...options, "update"], SETTINGS);
  const said = update.stdout + update.stderr;
  if (!update.success || /^[EW]:/m.test(update.stderr)) {
    if (NOT_SERVED.test(said)) throw new SuiteNotServed(`${suite} is not served`);
    const reason = said.split("\n").find((line) => /^[EW]: /.test(line)) ?? `exit ${update.code}`;
    throw new OperationError("failure", `Cannot read Debian's ${suite}: ${reason}`);
  }
  if (isWhole) {
    const install = ["install", "--yes", "--no-install-recommends", "--download-only", ...packages];
    await runOrThrow(["apt-get", "-q", ...options, ...install], SETTINGS);
  } else {
    await runOrThrow(["apt-get", "-q", ...options, "download", ...packages], { ...SETTINGS, cwd: archives });
  }
  const files = Array.from(Deno.readDirSync(archives), ({ name }) => name).filter((name) =>
    name.endsWith(".deb")
  );
  await Deno.mkdir(root);
  for (const name of files) await runOrThrow(["dpkg-deb", "-x", join(archives, name), root], SETTINGS);
  const last = files.find((name) => name.startsWith(`${packages.at(-1)}_`)) ?? "";
  const version = await runOrThrow(["dpkg-deb", "-f", join(archives, last), "Version"], SETTINGS);
  return version.trim().replace(/^\d+:/, "").replace(/[+~-].*$/, "");
}
