/**
 * The npm packages of a program as components of its bill of materials.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { LockedPackage } from "../lock_file.ts";
import { packageFolder } from "../npm_cache.ts";
import { type Component, type Dependency, licence } from "./cyclonedx.ts";

/** The package's name in the world (package-url.github.io, type npm). */
export function npmUrl({ name, version }: Pick<LockedPackage, "name" | "version">): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** What a package says of itself. */
interface Manifest {
  readonly license?: string;
}

/**
 * Describes packages; the hash is that of the archive that the registry serves.
 *
 * @param npmCache where they were downloaded to
 */
export async function npmComponents(
  packages: readonly LockedPackage[],
  npmCache: string,
): Promise<Component[]> {
  return await Promise.all(packages.map(async (each): Promise<Component> => {
    const folder = join(npmCache, await packageFolder(npmCache, each));
    const { license = "NOASSERTION" } = JSON.parse(
      await Deno.readTextFile(join(folder, "package.json")),
    ) as Manifest;
    const [, digest = ""] = /^sha512-(.+)$/.exec(each.integrity) ?? [];
    return {
      type: "library",
      "bom-ref": npmUrl(each),
      name: each.name,
      version: each.version,
      hashes: [{ alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") }],
      licenses: [licence(license)],
      purl: npmUrl(each),
    };
  }));
}

/** What the packages need of each other. */
export function npmDependencies(packages: readonly LockedPackage[]): Dependency[] {
  const urls = new Map(packages.map((each) => [each.key, npmUrl(each)]));
  return packages.map((each) => ({
    ref: npmUrl(each),
    dependsOn: each.dependencies.map((key) => urls.get(key) ?? key).sort(),
  }));
}

/**
 * The licences of packages, whole, one below the other: they ask for being passed on with the program.
 *
 * @param npmCache where the packages were downloaded to
 */
export async function licenceTexts(packages: readonly LockedPackage[], npmCache: string): Promise<string> {
  const parts = await Promise.all(packages.map(async (each) => {
    const folder = join(npmCache, await packageFolder(npmCache, each));
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) =>
      /^(?:licen[cs]e|notice)/i.test(name)
    );
    const texts = names.sort().map((name) => Deno.readTextFileSync(join(folder, name)).trim());
    const { license = "" } = JSON.parse(await Deno.readTextFile(join(folder, "package.json"))) as Manifest;
    return [`${each.name} ${each.version} (${license})`, ...texts].join("\n\n");
  }));
  return `${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
