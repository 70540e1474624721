/**
 * The shared libraries that programs need, as the dynamic linker of this machine finds them.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { runOrThrow } from "../command.ts";

/** Debian packages by how the names of their libraries begin. */
const PACKAGES: Readonly<Record<string, string>> = {
  "libgcc_s": "libgcc-s1",
  "libip4tc": "libip4tc2",
  "libip6tc": "libip6tc2",
  "libmnl": "libmnl0",
  "libnftnl": "libnftnl11",
  "libxtables": "libxtables12",
};

/**
 * The libraries of one program, as `ldd` names them.
 *
 * @param text the output of `ldd`
 * @returns absolute paths; `missing` are the names of those that were not found
 */
export function parseLinkedLibraries(text: string): { readonly paths: string[]; readonly missing: string[] } {
  const paths: string[] = [];
  const missing: string[] = [];
  for (const line of text.split("\n")) {
    // "name => path (address)", "name => not found" or, of the linker itself, "path (address)"; the kernel's vdso has no path.
    const [, name = "", found] = /^\s+(\S+) => (not found|\/\S+)/.exec(line) ?? [];
    const linker = /^\s+(\/\S+) \(0x/.exec(line)?.[1];
    if (found === "not found") missing.push(name);
    else if (found !== undefined) paths.push(found);
    else if (linker !== undefined) paths.push(linker);
  }
  return { paths, missing };
}

/**
 * The libraries of several programs or libraries, each once.
 *
 * @param files their paths
 * @returns absolute paths
 * @throws OperationError `unavailable` when this machine lacks one
 */
export async function linkedLibraries(files: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const file of files) {
    const { paths, missing } = parseLinkedLibraries(await runOrThrow(["ldd", file]));
    for (const path of paths) found.add(path);
    if (missing.length === 0) continue;
    const packages = missing.map((name) => PACKAGES[name.split(".")[0] ?? ""] ?? name);
    throw new OperationError(
      "unavailable",
      `Cannot assemble the image: ${file} needs ${missing.join(", ")}, which this machine does not have`,
      `Install them first: sudo apt-get install ${packages.join(" ")}`,
    );
  }
  return [...found];
}
