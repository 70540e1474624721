/**
 * Where the project lives. Everything that people are given to download names this place, and the release workflow fills
 * in its own repository.
 *
 * @module
 */
import { IMAGE } from "../image/contents.ts";

/**
 * Stands for the repository's page in README, docs and install.sh, which a test compares. It is no real address: nothing
 * has been released yet, and what others publish under a guessed name must not be installed as root.
 */
export const HOME = "https://github.com/OWNER/REPOSITORY";

/** What GitHub tells a workflow about where and for what it runs. */
export interface WorkflowEnvironment {
  readonly GITHUB_SERVER_URL?: string;
  readonly GITHUB_REPOSITORY?: string;
}

/**
 * The page of the repository that a release is made in.
 *
 * @param env the environment variables
 */
export function projectHome({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: WorkflowEnvironment): string {
  return GITHUB_SERVER_URL && GITHUB_REPOSITORY ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}` : HOME;
}

/**
 * The client's image in the registry of the repository's owner, without a tag.
 *
 * @param env the environment variables
 * @returns empty where github.com runs no workflow
 */
export function imageRepository({ GITHUB_SERVER_URL, GITHUB_REPOSITORY = "" }: WorkflowEnvironment): string {
  const [owner = ""] = GITHUB_REPOSITORY.split("/");
  if (GITHUB_SERVER_URL !== "https://github.com" || owner === "") return "";
  // Names in registries are of lower case (distribution's reference/regexp.go).
  return `ghcr.io/${owner.toLowerCase()}/${IMAGE}`;
}

/**
 * The address below which the files of one version are downloaded.
 *
 * @param home the repository's page
 * @param version as in `0.1.0`
 */
export function downloadAddress(home: string, version: string): string {
  return `${home}/releases/download/v${version}`;
}
