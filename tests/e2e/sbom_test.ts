/** The bills of materials that lie beside the programs and the image, compared with what is in these. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { runOrThrow } from "../../tools/command.ts";
import { denoFolders, packageFolder } from "../../tools/npm_cache.ts";
import { PROGRAMS } from "../../tools/programs.ts";
import { LICENCES_FILE } from "../../tools/release/names.ts";
import { hashFile } from "../../tools/runtime_file.ts";
import { type Bom, bomPath } from "../../tools/sbom/cyclonedx.ts";
import { npmUrl } from "../../tools/sbom/npm_components.ts";
import { namedPackages, SOURCES } from "../../tools/source_tree.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIST = join(ROOT, "dist");

async function readBom(name: string): Promise<Bom> {
  return JSON.parse(await Deno.readTextFile(bomPath(join(DIST, name))));
}

/** The check by the schema that CycloneDX publishes. */
async function bomFaults(): Promise<(bom: Bom) => unknown> {
  const [library] = (await namedPackages(ROOT, ["@cyclonedx/cyclonedx-library/"])).filter(({ name }) =>
    name === "@cyclonedx/cyclonedx-library"
  );
  const { npmCache } = await denoFolders();
  const folder = join(
    npmCache,
    await packageFolder(npmCache, library ?? assert.fail("it is not in the lock")),
  );
  const schema = (name: string) =>
    JSON.parse(Deno.readTextFileSync(join(folder, `res/schema/${name}.SNAPSHOT.schema.json`)));
  // Formats such as e-mail addresses are none of ours.
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ["spdx", "jsf-0.82"]) {
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const validate = ajv.compile(schema("bom-1.6"));
  return (bom) => validate(bom) ? undefined : validate.errors;
}

/** The kinds of packages in a document, each with its URLs. */
function urlsOf(bom: Bom, type: string): string[] {
  return bom.components.flatMap(({ purl = "" }) => purl.startsWith(`pkg:${type}/`) ? [purl] : []).sort();
}

/** A file or folder of what `deno compile` puts into a program. */
type Embedded = { readonly Dir: { readonly n: string; readonly e: readonly Embedded[] } } | {
  readonly File: { readonly n: string };
};

function filesIn(entries: readonly Embedded[], folder = ""): string[] {
  return entries.flatMap((entry) =>
    "Dir" in entry
      ? filesIn(entry.Dir.e, `${folder}${entry.Dir.n}/`)
      : "File" in entry
      ? [`${folder}${entry.File.n}`]
      : []
  );
}

const PACKAGES = ".deno_compile_node_modules/localhost/";

/** The paths of all files in a program. */
async function embeddedFiles(path: string): Promise<string[]> {
  const program = Buffer.from((await Deno.readFile(path)).buffer);
  const start = program.indexOf('[{"Dir":{"n":".deno_compile_node_modules"');
  assert.ok(start > 0, "the list of files is found");
  // Its length lies before it.
  const length = Number(program.readBigUInt64LE(start - 8));
  return filesIn(JSON.parse(program.toString("utf8", start, start + length)));
}

/** A package's URL by a path in its folder. */
function packageOf(path: string): string {
  const [, name = "", version = ""] = /^((?:@[^/]+\/)?[^/]+)\/([^/]+)\//.exec(path.slice(PACKAGES.length)) ??
    [];
  return npmUrl({ name, version });
}

/** The npm packages that the modules of a program import, as Deno resolves them. */
async function importedPackages(modules: readonly string[]): Promise<string[]> {
  const found = await Promise.all(modules.map(async (module) => {
    const info = JSON.parse(await runOrThrow([Deno.execPath(), "info", "--json", module], { cwd: ROOT }));
    return (info.modules as { specifier: string }[]).map(({ specifier }) => specifier).join("\n");
  }));
  const names = found.join("\n").matchAll(/^npm:\/?((?:@[^/]+\/)?[^@/]+)@([^/\n]+)/gm);
  return [...new Set(Array.from(names, ([, name = "", version = ""]) => npmUrl({ name, version })))];
}

Deno.test("the schema finds a fault", async () => {
  const faults = await bomFaults();
  const bom = await readBom("docker-accessor");
  assert.notEqual(faults({ ...bom, serialNumber: "1" }), undefined);
});

for (const { binary, entry, include, copiedPackages = [] } of PROGRAMS) {
  Deno.test(`${binary}: its bill of materials is valid, of this file, and lists each package in it and no other`, async () => {
    const bom = await readBom(binary);
    assert.equal((await bomFaults())(bom), undefined);
    assert.equal(bom.metadata.component.hashes?.[0]?.content, await hashFile(join(DIST, binary)));

    const files = await embeddedFiles(join(DIST, binary));
    const packages = files.filter((path) => path.startsWith(PACKAGES));
    const copied = (await namedPackages(ROOT, copiedPackages)).map(npmUrl);
    assert.deepEqual(urlsOf(bom, "npm"), [...new Set(packages.map(packageOf)), ...copied].sort());
    // All else is the project's own.
    const others = files.filter((path) => !path.startsWith(PACKAGES)).map((path) => path.split("/")[0]);
    assert.deepEqual([...new Set(others)].filter((name) => !SOURCES.includes(name ?? "")), []);
    const imported = await importedPackages([entry, ...include]);
    assert.ok(imported.length > 3);
    assert.deepEqual(imported.filter((url) => !urlsOf(bom, "npm").includes(url)), []);
  });

  Deno.test(`${binary}: its bill of materials has Deno, V8 and Rust crates in the versions that the program says`, async () => {
    const bom = await readBom(binary);
    const version = await runOrThrow([join(DIST, binary), "--version"]);
    const [, deno] = /deno (\d+\.\d+\.\d+)/.exec(version) ?? [];
    const found = new Map(bom.components.map((each) => [each.name, each.version]));
    assert.equal(found.get("deno"), deno);
    assert.match(found.get("v8") ?? "", /^\d+\.\d+\.\d+/);
    assert.ok(urlsOf(bom, "cargo").length > 100);
    assert.ok(urlsOf(bom, "cargo").some((url) => /^pkg:cargo\/rustls@0\.\d+\.\d+$/.test(url)));
  });
}

/** Licences that ask for their text to be passed on, and for nothing that the archives do not do. */
const PERMISSIVE = ["0BSD", "Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "MIT OR Apache-2.0"];

Deno.test("each npm package has a licence of a known kind, whose text the archives hold", async () => {
  const text = await Deno.readTextFile(join(DIST, LICENCES_FILE));
  const { components } = await readBom("docker-connector");
  const packages = components.filter(({ purl = "" }) => purl.startsWith("pkg:npm/"));
  for (const { name, version, licenses } of packages) {
    const [licence] = licenses ?? [];
    const kind = licence === undefined
      ? "none"
      : "expression" in licence
      ? licence.expression
      : licence.license.id;
    assert.ok(PERMISSIVE.includes(kind), `${name}: ${kind}`);
    const [, own = ""] = text.split(`${name} ${version} (`);
    assert.match(own.split("-".repeat(80))[0] ?? "", /copyright|permission/i, name);
  }
});
