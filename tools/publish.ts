/**
 * `deno task publish [--dry-run]`: makes a draft release on GitHub of what lies in dist/release/, with GitHub's own
 * program `gh`. Someone looks at the draft and publishes it. With `--dry-run` it prints the command.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../program/build_info.ts";
import { OperationError } from "../core/error.ts";
import { runOrThrow, runTool } from "./command.ts";
import { ROOT_FOLDER } from "./freshness.ts";

const FOLDER = join(ROOT_FOLDER, "dist", "release");

/** The command that makes the draft. */
function command(): string[] {
  let names: string[];
  try {
    names = Array.from(Deno.readDirSync(FOLDER), ({ name }) => name).sort();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new OperationError(
      "failure",
      `Cannot publish ${FOLDER}: it is not there`,
      "Run first: deno task release",
    );
  }
  const files = names.map((name) => join(FOLDER, name));
  const notes = "The changes are in CHANGELOG.md; install.sh and docs/guide/install.md say how to install.";
  return ["gh", "release", "create", `v${version}`, "--draft", "--verify-tag", "--notes", notes, ...files];
}

if (import.meta.main) {
  await runTool(async () => {
    const { values } = parseArgs({
      args: Deno.args,
      options: { "dry-run": { type: "boolean", default: false } },
    });
    const argv = command();
    console.log(values["dry-run"] ? argv.join(" ") : (await runOrThrow(argv)).trim());
  });
}
