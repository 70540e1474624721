/**
 * Where the log of a program is: the programs write to stderr, and whatever starts one keeps that (docs/guide/install.md).
 *
 * @module
 */
import { isAbsolute, join } from "node:path";

/** A log that can be read. */
export type LogPlace =
  | { readonly kind: "journal"; readonly unit: string }
  | { readonly kind: "file"; readonly path: string };

/** Where Homebrew is by default: on Apple's processors, on Intel's, on Linux (docs.brew.sh/Installation). */
const HOMEBREW_PREFIXES = ["/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"];

/** Where units of packages, of install.sh and of the administrator are (systemd.unit(5)). */
const UNIT_FOLDERS = ["/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"];

/** Is there while systemd runs the machine (sd_booted(3)). */
const BOOTED = "/run/systemd/system";

/** What is looked at. */
export interface LogSearch {
  /** Whether something is at a path; what kind of thing does not matter. */
  readonly exists: (path: string) => Promise<boolean>;
  /** The variable HOMEBREW_PREFIX; undefined where it is not set. */
  readonly homebrewPrefix: string | undefined;
}

/** Finds the log that the service of a program keeps; undefined where there is none. */
export async function findLog(
  program: string,
  { exists, homebrewPrefix }: LogSearch,
): Promise<LogPlace | undefined> {
  const unit = `${program}.service`;
  if (await exists(BOOTED)) {
    for (const folder of UNIT_FOLDERS) if (await exists(join(folder, unit))) return { kind: "journal", unit };
  }
  const named = homebrewPrefix !== undefined && isAbsolute(homebrewPrefix) ? [homebrewPrefix] : [];
  for (const prefix of [...named, ...HOMEBREW_PREFIXES]) {
    const path = join(prefix, "var", "log", `${program}.log`);
    if (await exists(path)) return { kind: "file", path };
  }
  return undefined;
}
