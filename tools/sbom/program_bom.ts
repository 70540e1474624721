/**
 * The bill of materials of a compiled program.
 *
 * @module
 */
import { basename } from "node:path";
import type { LockedPackage } from "../lock_file.ts";
import { hashFile } from "../runtime_file.ts";
import { type Bom, type Component, licence, makeBom } from "./cyclonedx.ts";
import { npmComponents, npmDependencies, npmUrl } from "./npm_components.ts";
import type { RuntimeParts } from "./runtime_components.ts";

/** What a program was compiled from and for. */
export interface ProgramFacts {
  /** as in `0.1.0` */
  readonly version: string;
  readonly commit: string;
  /** the target triple */
  readonly target: string;
  readonly packages: readonly LockedPackage[];
  /** packages of which only files are in the program, such as those of the status page */
  readonly files: readonly LockedPackage[];
  /** where the packages were downloaded to */
  readonly npmCache: string;
  readonly runtime: RuntimeParts;
}

/** Describes a program. */
export async function programBom(path: string, facts: ProgramFacts): Promise<Bom> {
  const { version, commit, target, npmCache, runtime } = facts;
  const packages = [...facts.packages, ...facts.files];
  const sha256 = await hashFile(path);
  const ref = `pkg:generic/${basename(path)}@${version}`;
  const subject: Component = {
    type: "application",
    "bom-ref": ref,
    name: basename(path),
    version,
    hashes: [{ alg: "SHA-256", content: sha256 }],
    licenses: [licence("MIT")],
    purl: ref,
    properties: [
      { name: "docker-connector:commit", value: commit },
      { name: "docker-connector:target", value: target },
    ],
  };
  const needed = new Set(packages.flatMap(({ dependencies }) => dependencies));
  const direct = packages.filter(({ key }) => !needed.has(key)).map(npmUrl);
  return makeBom({
    subject,
    components: [...await npmComponents(packages, npmCache), ...runtime.components],
    dependencies: [
      { ref, dependsOn: [...direct, ...runtime.deno === undefined ? [] : [runtime.deno]].sort() },
      ...npmDependencies(packages),
      ...runtime.dependencies,
    ],
    // Not every crate has a message with its name.
    incomplete: runtime.deno === undefined ? [] : [runtime.deno],
  }, sha256);
}
