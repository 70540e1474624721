/**
 * `deno task release [--complete] [--base-url URL] [--any-runtime]`: makes dist/release/ from what `deno task compile` and
 * `deno task image` wrote to dist/: an archive for each program and system, the images, install.sh, the Homebrew
 * formulas and SHA256SUMS. With `--complete` every system has to be there; a tag that GitHub names has to be the
 * version's. Programs that hold another Deno than the repository's are refused; `--any-runtime` takes them, for machines of
 * one's own.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../program/build_info.ts";
import { OperationError } from "../core/error.ts";
import { runTool } from "./command.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { DENO_VERSION } from "./deno_version.ts";
import { buildRelease } from "./release/build_release.ts";
import { projectHome } from "./release/names.ts";
import { formatTable } from "./table.ts";

function checkTag({ GITHUB_REF_TYPE, GITHUB_REF_NAME }: Record<string, string>): void {
  if (GITHUB_REF_TYPE !== "tag" || GITHUB_REF_NAME === `v${version}`) return;
  throw new OperationError(
    "failure",
    `Cannot release tag ${GITHUB_REF_NAME}: the programs say ${version}`,
    `Tag it v${version}, or change the version in deno.json and program/build_info.ts`,
  );
}

if (import.meta.main) {
  await runTool(async () => {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        "any-runtime": { type: "boolean", default: false },
        "base-url": { type: "string" },
        complete: { type: "boolean", default: false },
      },
    });
    const env = Deno.env.toObject();
    checkTag(env);
    const output = join(ROOT_FOLDER, "dist", "release");
    const { files, missing } = await buildRelease({
      programs: join(ROOT_FOLDER, "dist"),
      output,
      home: projectHome(env),
      version,
      complete: values.complete,
      ...(values["any-runtime"] ? {} : { denoVersion: DENO_VERSION }),
      ...(values["base-url"] === undefined ? {} : { baseUrl: values["base-url"] }),
    });
    const rows = await Promise.all(files.map(async (name) => {
      const { size } = await Deno.stat(join(output, name));
      return [`dist/release/${name}`, size < 1e5 ? `${size} bytes` : `${(size / 1e6).toFixed(1)} MB`];
    }));
    console.log(formatTable(rows));
    for (const name of missing) console.log(`not there: ${name}`);
  });
}
