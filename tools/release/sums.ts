/**
 * SHA256SUMS of a release, in the form that `sha256sum --check` reads.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { hashFile } from "../runtime_file.ts";
import { SUMS_FILE } from "./names.ts";

/**
 * The hashes of a SHA256SUMS file by name, whose lines are a hash, two blanks and a name.
 *
 * @throws OperationError `failure` when a line is of another form
 */
export function parseSums(text: string): Map<string, string> {
  return new Map(
    text.split("\n").filter((line) => line !== "").map((line) => {
      const [, hash, name] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
      if (hash !== undefined && name !== undefined) return [name, hash];
      throw new OperationError(
        "failure",
        `Cannot read ${SUMS_FILE}: "${line}" is not a hash, two blanks and a name`,
      );
    }),
  );
}

/**
 * The hashes of a release by file name.
 *
 * @throws OperationError `failure` when it is not there
 */
export async function readSums(folder: string): Promise<Map<string, string>> {
  const text = await Deno.readTextFile(join(folder, SUMS_FILE)).catch(() => {
    throw new OperationError("failure", `Cannot read ${folder}/${SUMS_FILE}`, "Run first: deno task release");
  });
  return parseSums(text);
}

/** Hashes files of a folder; SHA-256 in hex by file name. */
export async function hashFiles(folder: string, names: readonly string[]): Promise<Map<string, string>> {
  return new Map(
    await Promise.all(names.map(async (name) => [name, await hashFile(join(folder, name))] as const)),
  );
}

/** Writes the file, in the order of the names. */
export async function writeSums(folder: string, sums: ReadonlyMap<string, string>): Promise<void> {
  const lines = [...sums].sort(([a], [b]) => a < b ? -1 : 1).map(([name, hash]) => `${hash}  ${name}\n`);
  await Deno.writeTextFile(join(folder, SUMS_FILE), lines.join(""));
}
