/**
 * `deno task audit`: asks the npm registry for known vulnerabilities of the packages that deno.lock names, those of tests and tools
 * too. A registry that does not answer this question, as some mirrors do not, is told apart from one that knows of none. Deno
 * itself, its crates and Debian's packages are not asked about: scanners do that with the bills of materials.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { run, runTool } from "./command.ts";
import { ROOT_FOLDER } from "./freshness.ts";

/**
 * Asks.
 *
 * @param env environment variables besides this process's own
 * @returns what the registry knows, in words
 * @throws OperationError `failure` with the vulnerabilities, `unavailable` when there is no answer
 */
export async function audit(env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await run([Deno.execPath(), "audit", "--frozen-lockfile"], {
    cwd: ROOT_FOLDER,
    env: { NO_COLOR: "1", ...env },
  });
  if (success) return stdout.trim();
  if (/^Found \d+ vulnerabilit/m.test(stdout)) {
    throw new OperationError(
      "failure",
      `Cannot take the packages of deno.lock: some have known vulnerabilities\n${stdout.trim()}`,
      "Name a later version in deno.json, and run deno install",
    );
  }
  const [reason = ""] = stderr.trim().split("\n");
  throw new OperationError(
    "unavailable",
    `Cannot look for known vulnerabilities: the npm registry does not answer: ${
      reason.replace(/^error: /, "")
    }`,
    "Nothing was checked. Run it where npm's registry itself can be reached",
  );
}

if (import.meta.main) await runTool(async () => console.log(await audit()));
