/**
 * Which layer may import which, and what each may use of the runtime. docs/internals/architecture.md draws the same arrows.
 *
 * @module
 */
import { posix } from "node:path";
import { isTestCode } from "../../tools/source_tree.ts";
import type { ModuleFacts } from "./module_facts.ts";

/** Top-level folder -> the top-level folders that its modules may import. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: ["core"],
  ffi: ["core", "ffi"],
  dataplane: ["core", "ffi", "dataplane"],
  system: ["core", "ffi", "system"],
  cli: ["core", "cli"],
  program: ["core", "system", "cli", "program"],
  // The frame of the three run commands. program/ stays light, so that commands without a tunnel start fast.
  tunnel: ["core", "ffi", "dataplane", "system", "cli", "program", "tunnel"],
  server: ["core", "ffi", "dataplane", "system", "cli", "program", "tunnel", "server"],
  client: ["core", "ffi", "dataplane", "system", "cli", "program", "tunnel", "client"],
  accessor: ["core", "ffi", "dataplane", "system", "cli", "program", "tunnel", "accessor"],
  "mod.ts": ["core"],
};

/** Built-in modules that compute and touch nothing else. */
const PURE_BUILTINS = ["node:assert", "node:assert/strict", "node:buffer", "node:crypto", "node:path/posix"];

/** npm packages that `core/` may use: none of them does I/O. */
const PURE_PACKAGES = [
  "ipaddr.js",
  "@noble/ciphers",
  "@noble/hashes",
  "@peculiar/asn1-schema",
  "@peculiar/asn1-x509",
  "dns-packet",
  "fast-check",
  "valibot",
];

/** Packages for tests and tools, which no program contains. */
const DEVELOPMENT_PACKAGES = [
  "@valibot/to-json-schema",
  "ajv",
  "fast-check",
  "wabt",
  "node:assert",
  "node:assert/strict",
  "node:test",
];

/** The layer of a module: its top-level folder, or its own name where it stands at the top. */
export function layerOf(path: string): string {
  return path.split("/")[0] ?? path;
}

function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function faultOfLocal(path: string, target: string): string | undefined {
  const allowed = ARROWS[layerOf(path)];
  if (allowed === undefined) return undefined;
  if (target.startsWith("..")) return "leaves the repository";
  // Fakes live in tests/, and a unit test may compare with the project's settings and documents.
  if (isTestCode(path) && ["tests", "docs", "deno.json"].includes(layerOf(target))) return undefined;
  if (isTestCode(target) && !isTestCode(path)) return "imports a test";
  return allowed.includes(layerOf(target)) ? undefined : `${layerOf(path)} may not import ${layerOf(target)}`;
}

function faultOfPackage(path: string, specifier: string): string | undefined {
  if (/^(?:npm|jsr|https?|file|data):/.test(specifier)) return "bypasses the import map";
  if (isTestCode(path) || !(layerOf(path) in ARROWS)) return undefined;
  const name = specifier.startsWith("node:") ? specifier : packageOf(specifier);
  if (DEVELOPMENT_PACKAGES.includes(name)) return "is for tests and tools only";
  if (layerOf(path) !== "core") return undefined;
  return [...PURE_BUILTINS, ...PURE_PACKAGES].includes(name) ? undefined : "is not known to be pure";
}

function faultsOfGlobals(path: string, globals: ReadonlySet<string>): string[] {
  const layer = layerOf(path);
  const faults: string[] = [];
  if (layer !== "ffi" && globals.has("Deno.dlopen")) faults.push("only ffi may call Deno.dlopen");
  if (layer !== "core" && layer !== "mod.ts") return faults;
  const impure = [...globals].filter((name) => !name.startsWith("Deno."));
  return isTestCode(path)
    ? faults
    : [...faults, ...impure.map((name) => `core is pure, it may not use ${name}`)];
}

/**
 * Checks one module.
 *
 * @param path its path from the repository's root, with forward slashes
 * @param facts what it refers to
 * @returns one line per broken rule; none for a good module
 */
export function brokenRules(path: string, facts: ModuleFacts): string[] {
  const faults: string[] = [];
  for (const specifier of facts.specifiers) {
    const local = specifier.startsWith(".");
    const fault = local
      ? faultOfLocal(path, posix.join(posix.dirname(path), specifier))
      : faultOfPackage(path, specifier);
    if (fault !== undefined) faults.push(`${path}: "${specifier}": ${fault}`);
  }
  if (layerOf(path) in ARROWS) {
    for (const text of facts.opaque) faults.push(`${path}: ${text}: the specifier must be a literal`);
    faults.push(...faultsOfGlobals(path, facts.globals).map((fault) => `${path}: ${fault}`));
  }
  return faults;
}
