/**
 * `deno task formula [--base-url URL]`: fills the templates in packaging/homebrew/ from dist/release/SHA256SUMS,
 * writes dist/release/docker-connector.rb and docker-accessor.rb, and their hashes into that file. `--base-url` names the place of the archives where
 * it is not the project's page.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../program/build_info.ts";
import { OperationError } from "../core/error.ts";
import { runTool } from "./command.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import {
  archiveName,
  downloadAddress,
  INSTALLED_PROGRAMS,
  projectHome,
  type System,
  SYSTEMS,
} from "./release/names.ts";
import { hashFiles, readSums, writeSums } from "./release/sums.ts";

/** What a formula says of a release. */
export interface FormulaFacts {
  /** the project's page */
  readonly home: string;
  /** as in `0.1.0` */
  readonly version: string;
  /** the address below which the archives are */
  readonly baseUrl: string;
  /** SHA-256 in hex by file name, of the files that the release has */
  readonly sums: ReadonlyMap<string, string>;
}

/** The blocks of one system's archives; a processor without an archive has none. */
function archiveBlocks(program: string, os: System["os"], { baseUrl, sums }: FormulaFacts): string[] {
  const blocks = SYSTEMS.filter((system) => system.os === os).flatMap((system) => {
    const name = archiveName(program, system);
    const hash = sums.get(name);
    if (hash === undefined) return [];
    const start = system.cpu === "arm64" ? "on_arm do" : "on_intel do";
    return [[start, `  url "${baseUrl}/${name}"`, `  sha256 "${hash}"`, "end"]];
  });
  return blocks.flatMap((block, index) => index === 0 ? block : ["", ...block]);
}

/**
 * Fills a template. `{{home}}` and `{{version}}` stand anywhere; `{{darwin}}` and `{{linux}}` alone on a line, for the
 * archives of that system at the line's indentation.
 *
 * @throws OperationError `failure` when the release has no archive of the program
 */
export function fillFormula(template: string, program: string, facts: FormulaFacts): string {
  const blocks = {
    darwin: archiveBlocks(program, "darwin", facts),
    linux: archiveBlocks(program, "linux", facts),
  };
  if (blocks.darwin.length + blocks.linux.length === 0) {
    throw new OperationError(
      "failure",
      `Cannot write the formula of ${program}: the release has no archive of it`,
    );
  }
  return template
    .replaceAll(
      /^( *)\{\{(darwin|linux)\}\}\n/gm,
      (_line, indent: string, os: System["os"]) =>
        blocks[os].map((line) => line === "" ? "\n" : `${indent}${line}\n`).join(""),
    )
    .replaceAll("{{home}}", facts.home)
    .replaceAll("{{version}}", facts.version);
}

/**
 * Writes the formulas of a release.
 *
 * @param folder of the release
 * @returns the files' names
 * @throws OperationError when the release lacks an archive
 */
export async function writeFormulas(folder: string, facts: FormulaFacts): Promise<string[]> {
  return await Promise.all(INSTALLED_PROGRAMS.map(async (program) => {
    const name = `${program}.rb`;
    const template = await Deno.readTextFile(join(ROOT_FOLDER, "packaging", "homebrew", `${name}.template`));
    await Deno.writeTextFile(join(folder, name), fillFormula(template, program, facts));
    return name;
  }));
}

if (import.meta.main) {
  await runTool(async () => {
    const { values } = parseArgs({ args: Deno.args, options: { "base-url": { type: "string" } } });
    const home = projectHome(Deno.env.toObject());
    const baseUrl = values["base-url"] ?? downloadAddress(home, version);
    const folder = join(ROOT_FOLDER, "dist", "release");
    const sums = await readSums(folder);
    const names = await writeFormulas(folder, { home, version, baseUrl, sums });
    await writeSums(folder, new Map([...sums, ...await hashFiles(folder, names)]));
    for (const name of names) console.log(`dist/release/${name}`);
  });
}
