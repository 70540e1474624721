/**
 * The Deno of this repository, named in one file: `.dvmrc`, which version managers and GitHub's set-up action read as
 * well. Released programs hold it, the tests run on it, and every document names it.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";

/** The version in `.dvmrc`, for example `2.9.6`. */
export const DENO_VERSION: string = Deno.readTextFileSync(new URL("../.dvmrc", import.meta.url)).trim();

/**
 * Makes sure that this Deno is the repository's: another one formats, lints and compiles differently.
 *
 * @param task what is being run, as in `ok`
 * @param version the running Deno's
 * @throws OperationError `usage` when it is another one
 */
export function requireDenoVersion(task: string, version: string = Deno.version.deno): void {
  if (version === DENO_VERSION) return;
  throw new OperationError(
    "usage",
    `Cannot run task ${task}: this is Deno ${version}, and the repository is for Deno ${DENO_VERSION}`,
    `Run: npx -y deno@${DENO_VERSION} task ${task}`,
  );
}
