/**
 * What Deno's part of a program is made of, as far as it can be read from the program: its version, V8's, and the Rust
 * crates that the messages of its panics name by their source files.
 *
 * @module
 */
import { matchesIn } from "../file_scan.ts";
import { newestVersion } from "../runtime_version.ts";
import { type Component, type Dependency, licence } from "./cyclonedx.ts";

/** Deno's User-Agent; V8's version as Deno names it; a crate's folder as cargo names it. */
const MARKS =
  /Deno\/(\d+\.\d+\.\d+)|[^\d.](\d+\.\d+\.\d+\.\d+)-rusty|\/index\.crates\.io-[0-9a-f]{16}\/([A-Za-z][\w-]*?)-(\d+\.\d+\.\d+(?:-[\w.]+)?(?:\+[\w.-]+)?)\//g;

/** Longest of these texts, in bytes. */
const OVERLAP = 200;

/** The runtime's part of a bill of materials. */
export interface RuntimeParts {
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
  /** the reference of Deno itself; undefined where the file holds none */
  readonly deno: string | undefined;
}

/** Reads them from a program. */
export async function runtimeParts(path: string): Promise<RuntimeParts> {
  const denos = new Set<string>();
  const v8s = new Set<string>();
  const crates = new Map<string, Component>();
  for await (const [, deno, v8, crate, version] of matchesIn(path, MARKS, OVERLAP)) {
    if (deno !== undefined) denos.add(deno);
    if (v8 !== undefined) v8s.add(v8);
    if (crate === undefined || version === undefined) continue;
    const purl = `pkg:cargo/${crate}@${encodeURIComponent(version)}`;
    crates.set(purl, { type: "library", "bom-ref": purl, name: crate, version, purl });
  }
  const version = newestVersion(denos);
  if (version === undefined) return { components: [], dependencies: [], deno: undefined };
  const deno = `pkg:github/denoland/deno@v${version}`;
  const engines = [...v8s].map((engine): Component => ({
    type: "library",
    "bom-ref": `pkg:github/v8/v8@${engine}`,
    name: "v8",
    version: engine,
    licenses: [licence("BSD-3-Clause")],
    purl: `pkg:github/v8/v8@${engine}`,
    cpe: `cpe:2.3:a:google:v8:${engine}:*:*:*:*:*:*:*`,
  }));
  const parts = [...engines, ...crates.values()];
  const runtime: Component = {
    type: "platform",
    "bom-ref": deno,
    name: "deno",
    version,
    licenses: [licence("MIT")],
    purl: deno,
    cpe: `cpe:2.3:a:deno:deno:${version}:*:*:*:*:*:*:*`,
  };
  return {
    components: [runtime, ...parts],
    dependencies: [{ ref: deno, dependsOn: parts.map((part) => part["bom-ref"]).sort() }],
    deno,
  };
}
