/**
 * Where the project lives. Everything that people are given to download names this place, and a release that GitHub
 * runs elsewhere fills in its own.
 *
 * @module
 */

/** The repository's page. README, docs and install.sh name the same, which a test compares. */
export const HOME = "https://github.com/wenjunxiao/mac-docker-connector";

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
 * The address below which the files of one version are downloaded.
 *
 * @param home the repository's page
 * @param version as in `0.1.0`
 */
export function downloadAddress(home: string, version: string): string {
  return `${home}/releases/download/v${version}`;
}
