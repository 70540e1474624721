/**
 * The systems that releases are made for, how the files of a release are called, and where people find them.
 * Nothing else knows these names but `install.sh`, README and docs, which a test compares. The release
 * workflow fills in its own repository.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

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

/** Name of the file with the licences of the packages in the programs. */
export const LICENCES_FILE = "THIRD-PARTY-LICENSES";

/**
 * Name of the archive that holds a program. It is the same in every release, so that
 * `releases/latest/download/NAME` stays a good address.
 */
export function archiveName(program: string, { os, cpu }: Pick<System, "os" | "cpu">): string {
  return `${program}-${os}-${cpu}.tar.gz`;
}

/** Name of the bill of materials of what an archive holds. */
export function bomName(archive: string): string {
  return archive.replace(/\.tar\.gz$/, ".cdx.json");
}

/** The image's name. */
export const IMAGE = "mac-docker-connector";
/** The name of the file that it is saved to, for `docker load`. */
export const IMAGE_FILE = `${IMAGE}.tar`;
/** The name of the file beside it that holds the image's id, one line. */
export const IMAGE_ID_FILE = `${IMAGE_FILE}.id`;
/** Where it is saved. */
export const IMAGE_TAR: string = fileURLToPath(new URL(`../../dist/${IMAGE_FILE}`, import.meta.url));

/**
 * Stands for the repository's page in README, docs and install.sh. It is no real address: nothing has been
 * released yet, and what others publish under a guessed name must not be installed as root.
 */
export const HOME = "https://github.com/OWNER/REPOSITORY";

/** What GitHub tells a workflow about where and for what it runs. */
export interface WorkflowEnvironment {
  readonly GITHUB_SERVER_URL?: string;
  readonly GITHUB_REPOSITORY?: string;
}

/** The page of the repository that a release is made in. */
export function projectHome({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: WorkflowEnvironment): string {
  return GITHUB_SERVER_URL && GITHUB_REPOSITORY ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}` : HOME;
}

/** The client's image in the owner's registry, without a tag; empty outside of github.com's workflows. */
export function imageRepository({ GITHUB_SERVER_URL, GITHUB_REPOSITORY = "" }: WorkflowEnvironment): string {
  const [owner = ""] = GITHUB_REPOSITORY.split("/");
  if (GITHUB_SERVER_URL !== "https://github.com" || owner === "") return "";
  // Names in registries are of lower case (distribution's reference/regexp.go).
  return `ghcr.io/${owner.toLowerCase()}/${IMAGE}`;
}

/** The address below which the files of one version are downloaded; the version as in `0.1.0`. */
export function downloadAddress(home: string, version: string): string {
  return `${home}/releases/download/v${version}`;
}
