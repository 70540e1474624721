import { platform } from "../../ffi/platform.ts";
import { isAbsent, wordsOf } from "../process/runtime_error.ts";
import type { ResolverSpec, ResolverState, SystemResolver } from "./resolver.ts";

/** Where macOS looks for the name servers of domains; see resolver(5). Changes count at once. */
export const RESOLVER_FOLDER = `${platform.programRoot}/etc/resolver`;

/** The first line of each file that a program has written. */
function markOf(program: string): string {
  return `# Written by ${program}, which removes it when it stops.\n`;
}

/** Bytes that are read of a file; a file of ours has about 120. */
const MAX_FILE = 4096;

/** The resolver of macOS: a file for each domain. Files of other owners are left alone. */
export class DarwinResolver implements SystemResolver {
  /**
   * The folder differs in tests.
   *
   * @param program its name, which marks its files: server and accessor of one Mac leave each other's alone
   */
  constructor(readonly program: string, readonly folder: string = RESOLVER_FOLDER) {}

  async apply({ domains, server, port }: ResolverSpec): Promise<ResolverState> {
    const text = `${markOf(this.program)}nameserver ${server}\nport ${port}\n`;
    const faults: string[] = [];
    try {
      await Deno.mkdir(this.folder, { recursive: true, mode: 0o755 });
      await removeOwnFiles(this.program, new Set(domains), this.folder);
      for (const domain of domains) {
        const fault = await this.#write(domain, text);
        if (fault !== undefined) faults.push(fault);
      }
    } catch (error) {
      faults.push(`Cannot set up ${this.folder}: ${wordsOf(error)}`);
    }
    if (faults.length === 0) return { kind: "resolver-files" };
    const remedy = 'Remove it, or write another "dns" line';
    return { kind: "resolver-files", fault: faults.join("; "), remedy };
  }

  async remove(): Promise<void> {
    await removeOwnFiles(this.program, new Set(), this.folder);
  }

  /** Writes a file that differs; returns why it was not written. */
  async #write(domain: string, text: string): Promise<string | undefined> {
    const path = `${this.folder}/${domain}`;
    const found = await readOwn(path, this.program);
    if (found === text) return undefined;
    if (found === "other") {
      return `Cannot write ${path}: another program's file is there`;
    }
    // Its name has a space, so that it is no domain's file even after a crash.
    const draft = `${path} draft`;
    await Deno.writeTextFile(draft, text, { mode: 0o644 });
    await Deno.rename(draft, path);
    return undefined;
  }
}

/**
 * Removes the files that carry the mark, but those of the domains that are wanted.
 *
 * @returns their paths
 */
export async function removeOwnFiles(
  program: string,
  wanted: ReadonlySet<string> = new Set(),
  folder: string = RESOLVER_FOLDER,
): Promise<string[]> {
  const removed: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (!isFile || wanted.has(name) || [undefined, "other"].includes(await readOwn(path, program))) {
        continue;
      }
      await Deno.remove(path);
      removed.push(path);
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  return removed;
}

/** The text of a file of the program; undefined where there is none, "other" where it is somebody else's. */
async function readOwn(path: string, program: string): Promise<string | undefined> {
  try {
    const { isFile, size } = await Deno.lstat(path);
    if (!isFile || size > MAX_FILE) return "other";
    const text = await Deno.readTextFile(path);
    return text.startsWith(markOf(program)) ? text : "other";
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
