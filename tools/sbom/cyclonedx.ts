/**
 * Software bills of materials in the format CycloneDX 1.6 (ECMA-424), the parts of it that are used here.
 *
 * @module
 */

/** A licence: an identifier of SPDX's list, or an expression of several. */
export type Licence = { readonly license: { readonly id: string } } | { readonly expression: string };

/** A part of what is described. */
export interface Component {
  readonly type: "application" | "container" | "file" | "library" | "operating-system" | "platform";
  /** names it within the document */
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly hashes?: readonly { readonly alg: "SHA-256" | "SHA-512"; readonly content: string }[];
  readonly licenses?: readonly Licence[];
  /** names the package in the world (package-url.github.io) */
  readonly purl?: string;
  /** names the product in lists of vulnerabilities (NIST IR 7695) */
  readonly cpe?: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** What a component needs. */
export interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

/** What a document says. */
export interface Description {
  /** what is described */
  readonly subject: Component;
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
  /** references of the components whose own parts are not all known */
  readonly incomplete: readonly string[];
}

/** A whole document. */
export interface Bom {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly serialNumber: string;
  readonly version: 1;
  readonly metadata: {
    readonly lifecycles: readonly { readonly phase: "build" }[];
    readonly component: Component;
  };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
  readonly compositions: readonly {
    readonly aggregate: "incomplete";
    readonly assemblies: readonly string[];
  }[];
}

/** The licence as SPDX writes it, for example `MIT` or `MIT OR Apache-2.0`. */
export function licence(text: string): Licence {
  return /^[\w.+-]+$/.test(text)
    ? { license: { id: text } }
    : { expression: text.replace(/^\((.*)\)$/, "$1") };
}

/**
 * A UUID of a file's own, so that the same file has the same document.
 *
 * @param sha256 64 hex digits
 */
function serialNumber(sha256: string): string {
  // Version 8 is for forms of one's own, and the variant is the usual one (RFC 9562, section 5.8).
  const [, a, b, c, d, e] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(sha256) ?? [];
  return `urn:uuid:${a}-${b}-8${c}-8${d}-${e}`;
}

/**
 * A document without a time, so that the same description gives the same document.
 *
 * @param sha256 of the file that is described, 64 hex digits
 */
export function makeBom({ subject, components, dependencies, incomplete }: Description, sha256: string): Bom {
  const byRef = (a: string, b: string) => a < b ? -1 : 1;
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: serialNumber(sha256),
    version: 1,
    metadata: { lifecycles: [{ phase: "build" }], component: subject },
    components: components.toSorted((a, b) => byRef(a["bom-ref"], b["bom-ref"])),
    dependencies: dependencies.toSorted((a, b) => byRef(a.ref, b.ref)),
    compositions: incomplete.length === 0 ? [] : [{ aggregate: "incomplete", assemblies: incomplete }],
  };
}

/** The path of the document that describes a file. */
export function bomPath(path: string): string {
  return `${path}.cdx.json`;
}

/** Writes the document that describes a file beside it. */
export async function writeBom(path: string, bom: Bom): Promise<void> {
  await Deno.writeTextFile(bomPath(path), `${JSON.stringify(bom, null, 1)}\n`);
}
