import { commit, imageRepository } from "./build_commit.ts";

/** The version of all three programs; a test keeps it equal to deno.json's. */
export const version: string = "0.1.0";

export { commit, imageRepository };

/** The version of the Deno runtime, for example `2.4.2`. */
export const denoVersion: string = Deno.version.deno;

/** The answer to `--version`, for example `docker-connector 0.1.0 (commit abc1234, deno 2.4.2)`. */
export function versionLine(program: string): string {
  return `${program} ${version} (commit ${commit}, deno ${denoVersion})`;
}
