/**
 * `deno task formula [--base-url URL]`: fills the templates in packaging/homebrew/ from dist/release/SHA256SUMS and
 * writes dist/release/docker-connector.rb and docker-accessor.rb. `--base-url` names the place of the archives where
 * it is not the project's page.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { version } from "../program/build_info.ts";
import { OperationError } from "../core/error.ts";
import { downloadAddress, projectHome } from "./release/project.ts";
import { archiveName, INSTALLED_PROGRAMS, SUMS_FILE, SYSTEMS } from "./release/systems.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

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

/**
 * The hashes of a SHA256SUMS file.
 *
 * @param text lines of a hash, two blanks and a name
 * @throws OperationError `failure` when a line is of another form
 */
export function parseSums(text: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, hash, name] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
    if (hash === undefined || name === undefined) {
      throw new OperationError(
        "failure",
        `Cannot read ${SUMS_FILE}: "${line}" is no line of a hash and a name`,
      );
    }
    sums.set(name, hash);
  }
  return sums;
}

/** The blocks of one system's archives; a processor without an archive has none. */
function archiveBlocks(program: string, os: "darwin" | "linux", facts: FormulaFacts): string[] {
  const blocks = SYSTEMS.filter((system) => system.os === os).flatMap((system) => {
    const name = archiveName(program, system);
    const hash = facts.sums.get(name);
    if (hash === undefined) return [];
    return [[
      system.cpu === "arm64" ? "on_arm do" : "on_intel do",
      `  url "${facts.baseUrl}/${name}"`,
      `  sha256 "${hash}"`,
      "end",
    ]];
  });
  return blocks.flatMap((block, index) => index === 0 ? block : ["", ...block]);
}

/**
 * Fills a template. `{{home}}` and `{{version}}` stand anywhere; `{{darwin}}` and `{{linux}}` alone on a line, for the
 * archives of that system at the line's indentation.
 *
 * @param template the text
 * @param program the formula's program
 * @param facts what to fill in
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
      (_line, indent: string, os: "darwin" | "linux") =>
        blocks[os].map((line) => line === "" ? "\n" : `${indent}${line}\n`).join(""),
    )
    .replaceAll("{{home}}", facts.home)
    .replaceAll("{{version}}", facts.version);
}

/**
 * Writes the formulas of a release.
 *
 * @param folder of the release; its SHA256SUMS is read
 * @param facts without the sums
 * @returns the files' names
 * @throws OperationError when the release is not there or lacks an archive
 */
export async function writeFormulas(folder: string, facts: Omit<FormulaFacts, "sums">): Promise<string[]> {
  const text = await Deno.readTextFile(join(folder, SUMS_FILE)).catch(() => {
    throw new OperationError("failure", `Cannot read ${folder}/${SUMS_FILE}`, "Run first: deno task release");
  });
  const sums = parseSums(text);
  const names: string[] = [];
  for (const program of INSTALLED_PROGRAMS) {
    const template = await Deno.readTextFile(join(ROOT, "packaging", "homebrew", `${program}.rb.template`));
    await Deno.writeTextFile(
      join(folder, `${program}.rb`),
      fillFormula(template, program, { ...facts, sums }),
    );
    names.push(`${program}.rb`);
  }
  return names;
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({ args: Deno.args, options: { "base-url": { type: "string" } } });
    const home = projectHome(Deno.env.toObject());
    const baseUrl = values["base-url"] ?? downloadAddress(home, version);
    const folder = join(ROOT, "dist", "release");
    for (const name of await writeFormulas(folder, { home, version, baseUrl })) {
      console.log(`dist/release/${name}`);
    }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.error(error.report);
    Deno.exit(1);
  }
}
