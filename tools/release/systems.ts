/**
 * The systems that releases are made for, and how the files of a release are called. Nothing else knows these names
 * but `install.sh`, which a test holds against them.
 *
 * @module
 */
/** A system that programs are compiled for. */
export interface System {
  /** its name as `uname -s` gives it, in lower case */
  readonly os: "darwin" | "linux";
  /** its processor, as Node and Homebrew's casks call it */
  readonly cpu: "arm64" | "x64";
  /** the target triple of `deno compile` */
  readonly target: string;
}

/** The systems of a release. */
export const SYSTEMS: readonly System[] = [
  { os: "darwin", cpu: "arm64", target: "aarch64-apple-darwin" },
  { os: "darwin", cpu: "x64", target: "x86_64-apple-darwin" },
  { os: "linux", cpu: "arm64", target: "aarch64-unknown-linux-gnu" },
  { os: "linux", cpu: "x64", target: "x86_64-unknown-linux-gnu" },
];

/** The programs that people install; the client comes as an image. */
export const INSTALLED_PROGRAMS = ["docker-connector", "docker-accessor"] as const;

/** Name of the file that holds the hashes of all others. */
export const SUMS_FILE = "SHA256SUMS";

/**
 * Name of the archive that holds a program. It is the same in every release, so that `releases/latest/download/NAME`
 * stays a good address.
 *
 * @param program name of the program
 * @param system what it runs on
 */
export function archiveName(program: string, system: Pick<System, "os" | "cpu">): string {
  return `${program}-${system.os}-${system.cpu}.tar.gz`;
}
