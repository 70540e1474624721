/**
 * Programs of `programs/` in C: what has to be fast and must share no code with the programs under test.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../../tools/command.ts";
import { DOUBLE_FOLDER } from "../../tools/darwin_double.ts";
import { newest } from "../../tools/freshness.ts";

/**
 * Compiles a program, unless that was done since it was last changed.
 *
 * @param name the file in `programs/` without `.c`
 * @returns path of the binary
 * @throws OperationError when there is no C compiler, or the source has a fault
 */
export async function compiledProgram(name: string): Promise<string> {
  const source = fileURLToPath(new URL(`./programs/${name}.c`, import.meta.url));
  const output = join(DOUBLE_FOLDER, name);
  if (await newest(output) > await newest(source)) return output;
  await Deno.mkdir(DOUBLE_FOLDER, { recursive: true });
  // Renamed into place: another test may compile or run it at this moment.
  const compiled = `${output}.${Deno.pid}`;
  await runOrThrow(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", compiled, source]);
  await Deno.rename(compiled, output);
  return output;
}
