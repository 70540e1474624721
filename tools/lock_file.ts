/**
 * `deno.lock`, version 5: which npm packages the programs are made of, with the hash of each.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";

/** What the file says of one package. */
interface LockEntry {
  /** as npm has it: `sha512-` and base64 */
  readonly integrity: string;
  /** names, with a version where the file has several of that name */
  readonly dependencies?: readonly string[];
}

/** The parts of the file that are used here. */
export interface LockFile {
  readonly version: string;
  /** versions by requirement, as in `npm:qr@0.7.0` */
  readonly specifiers: Readonly<Record<string, string>>;
  /** packages by name and version, as in `qr@0.7.0`; one that depends on its peers has those behind a `_` */
  readonly npm: Readonly<Record<string, LockEntry>>;
  readonly workspace: { readonly dependencies: readonly string[] };
}

/** A package that the lock fixes. */
export interface LockedPackage {
  /** its key in the lock */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  /** as npm has it: `sha512-` and base64 */
  readonly integrity: string;
  /** the keys of those that it depends on */
  readonly dependencies: readonly string[];
}

/** Reads a lock file's text. */
export function parseLock(text: string): LockFile {
  const lock = JSON.parse(text) as LockFile;
  if (lock.version === "5") return lock;
  throw new OperationError("failure", `Cannot read deno.lock: it is of version ${lock.version}, not 5`);
}

/** The requirement behind a target of an import map, as in `npm:/uplot@1.6.32/`; undefined where it is no npm package. */
export function requirementOf(target: string): string | undefined {
  const [, name] = /^npm:\/?((?:@[^/]+\/)?[^@/]+@[^/]+)/.exec(target) ?? [];
  return name === undefined ? undefined : `npm:${name}`;
}

/** The key of a dependency, which has a version only where several are locked. */
function keyOf(lock: LockFile, dependency: string): string {
  if (dependency in lock.npm) return dependency;
  const key = Object.keys(lock.npm).find((name) => name.startsWith(`${dependency}@`));
  if (key !== undefined) return key;
  throw new OperationError("failure", `Cannot use deno.lock: ${dependency} is not in it`, "Run deno install");
}

/**
 * The packages that some requirements lead to, with all that these depend on, sorted by key.
 *
 * @param requirements as in `npm:qr@0.7.0`
 * @throws OperationError `failure` when one is not in the lock
 */
export function lockedPackages(lock: LockFile, requirements: readonly string[]): LockedPackage[] {
  const found = new Map<string, LockedPackage>();
  const visit = (key: string) => {
    if (found.has(key)) return;
    const entry = lock.npm[key];
    const [, name = "", version = ""] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
    if (entry === undefined) {
      throw new OperationError("failure", `Cannot use deno.lock: ${key} is not in it`, "Run deno install");
    }
    const dependencies = (entry.dependencies ?? []).map((dependency) => keyOf(lock, dependency));
    found.set(key, { key, name, version, integrity: entry.integrity, dependencies });
    dependencies.forEach(visit);
  };
  for (const requirement of requirements) {
    visit(`${requirement.replace(/^npm:(.+)@.*$/, "$1")}@${lock.specifiers[requirement]}`);
  }
  return [...found.values()].sort((a, b) => a.key < b.key ? -1 : 1);
}

/**
 * The lock of some requirements alone: a frozen lock has to fit its import map exactly.
 *
 * @param requirements as in `npm:qr@0.7.0`
 * @throws OperationError `failure` when one is not in the lock
 */
export function pruneLock(lock: LockFile, requirements: readonly string[]): LockFile {
  const keys = new Set(lockedPackages(lock, requirements).map(({ key }) => key));
  const wanted = new Set(requirements);
  const pick = <T>(all: Readonly<Record<string, T>>, chosen: ReadonlySet<string>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => chosen.has(name)));
  return {
    version: lock.version,
    specifiers: pick(lock.specifiers, wanted),
    npm: pick(lock.npm, keys),
    workspace: { dependencies: lock.workspace.dependencies.filter((name) => wanted.has(name)) },
  };
}
