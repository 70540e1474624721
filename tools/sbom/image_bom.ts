/**
 * The bill of materials of the saved image: what its own lists say of Debian's packages, and the client's.
 *
 * @module
 */
import { join } from "node:path";
import { runOrThrow } from "../command.ts";
import { isFile } from "../freshness.ts";
import { IMAGE } from "../release/names.ts";
import { hashFile } from "../runtime_file.ts";
import { type Bom, bomPath, type Component, licence, makeBom } from "./cyclonedx.ts";

/** Where packaging/image/gather.sh puts a list of each package, as images without a package manager have them. */
const LISTS = "var/lib/dpkg/status.d/";

/** Reads a text of Debian's form: a field a line. */
export function parseFields(text: string): Map<string, string> {
  return new Map(
    text.split("\n").map((line) => /^([\w-]+): (.*)$/.exec(line)).filter((found) => found !== null)
      .map(([, name = "", value = ""]) => [name.toLowerCase(), value.replace(/^"(.*)"$/, "$1")]),
  );
}

/** A text of KEY=value lines, as in os-release(5). */
function parseRelease(text: string): Map<string, string> {
  return parseFields(
    text.replaceAll(/^([A-Z_]+)=/gm, (_all, name: string) => `${name.replaceAll("_", "-")}: `),
  );
}

/** A Debian package as a component. */
export function debianComponent(
  fields: ReadonlyMap<string, string>,
  system: ReadonlyMap<string, string>,
): Component {
  const name = fields.get("package") ?? "";
  const version = fields.get("version") ?? "";
  const distro = `${system.get("id")}-${system.get("version-id")}`;
  const purl = `pkg:deb/${system.get("id")}/${encodeURIComponent(name)}@${encodeURIComponent(version)}` +
    `?arch=${fields.get("architecture")}&distro=${distro}`;
  const source = fields.get("source") ?? name;
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    purl,
    properties: [{ name: "docker-connector:debian-source", value: source }],
  };
}

/** What is needed to describe an image. */
export interface ImageFacts {
  /** as in `0.1.0` */
  readonly version: string;
  /** where the client may be that is in it; the first that is there is taken, with its bill of materials */
  readonly clients: readonly string[];
}

async function clientBom(paths: readonly string[]): Promise<Bom | undefined> {
  for (const path of paths.map(bomPath)) {
    if (await isFile(path)) return JSON.parse(await Deno.readTextFile(path)) as Bom;
  }
  return undefined;
}

/** Describes a saved image. */
export async function imageBom(tar: string, { version, clients }: ImageFacts): Promise<Bom> {
  const [{ Layers }] = JSON.parse(await runOrThrow(["tar", "-xOf", tar, "manifest.json"])) as [
    { Layers: string[] },
  ];
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-image-" });
  const debian: Component[] = [];
  let system = new Map<string, string>();
  try {
    for (const layer of Layers) {
      await runOrThrow(["tar", "-xf", tar, "-C", folder, layer]);
      await runOrThrow(["tar", "-xf", join(folder, layer), "-C", folder]);
    }
    system = parseRelease(await Deno.readTextFile(join(folder, "etc/os-release")));
    for await (const { name } of Deno.readDir(join(folder, LISTS))) {
      const fields = parseFields(await Deno.readTextFile(join(folder, LISTS, name)));
      debian.push(debianComponent(fields, system));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const client = await clientBom(clients);
  const ref = `pkg:generic/${IMAGE}@${version}`;
  const sha256 = await hashFile(tar);
  const distribution: Component = {
    type: "operating-system",
    "bom-ref": "operating-system",
    name: system.get("id") ?? "",
    version: system.get("version-id") ?? "",
  };
  const parts = [...debian, distribution, ...client === undefined ? [] : [client.metadata.component]];
  return makeBom({
    subject: {
      type: "container",
      "bom-ref": ref,
      name: IMAGE,
      version,
      hashes: [{ alg: "SHA-256", content: sha256 }],
      licenses: [licence("MIT")],
      purl: ref,
    },
    components: [...parts, ...client?.components ?? []],
    dependencies: [
      { ref, dependsOn: parts.map((part) => part["bom-ref"]).sort() },
      ...client?.dependencies ?? [],
    ],
    incomplete: client?.compositions.flatMap(({ assemblies }) => assemblies) ?? [],
  }, sha256);
}
