/**
 * `deno task publish [--dry-run]`: makes a draft release on GitHub of what lies in dist/release/, with GitHub's own
 * program `gh`. Someone looks at the draft and publishes it. PROVENANCE names the file of the attestation of who built it, which
 * install.sh reads. With `--dry-run` it prints the command.
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

/** The name of the attestation among the files of a release, which install.sh knows. */
const PROVENANCE_FILE = "provenance.sigstore.json";

/** The command that makes the draft; with an attestation, that lies in the folder then. */
async function command(provenance: string | undefined): Promise<string[]> {
  if (!await Deno.stat(FOLDER).then(({ isDirectory }) => isDirectory, () => false)) {
    throw new OperationError(
      "failure",
      `Cannot publish ${FOLDER}: it is not there`,
      "Run first: deno task release",
    );
  }
  if (provenance) await Deno.copyFile(provenance, join(FOLDER, PROVENANCE_FILE));
  const names = Array.from(Deno.readDirSync(FOLDER), ({ name }) => name).sort();
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
    const argv = await command(Deno.env.get("PROVENANCE"));
    console.log(values["dry-run"] ? argv.join(" ") : (await runOrThrow(argv)).trim());
  });
}
