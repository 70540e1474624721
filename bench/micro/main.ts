/**
 * `deno task bench:micro`: all micro-benchmarks under the V8 flags that the programs are compiled with.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { V8_FLAGS } from "../../tools/programs.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const SHIPPED = `--v8-flags=${V8_FLAGS.join(",")}`;

/** It times a Worker that waits, and would be disturbed by the others. */
const ALONE = "command_bench.ts";

/** The command lines after `deno`: those that `deno bench` runs, and those that measure by themselves. */
export function commands(): string[][] {
  const files = Array.from(Deno.readDirSync(FOLDER), ({ name }) => name)
    .filter((name) => name.endsWith("_bench.ts") && name !== ALONE).sort();
  return [
    ["bench", "-A", "--no-check", SHIPPED, ...files.map((name) => FOLDER + name)],
    ["run", "-A", "--no-check", SHIPPED, FOLDER + "token_cost.ts"],
    ["run", "-A", "--no-check", SHIPPED, "--unstable-worker-options", FOLDER + ALONE],
  ];
}

if (import.meta.main) {
  console.log(`Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${SHIPPED}`);
  for (const args of commands()) {
    const { success } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn().status;
    if (!success) Deno.exit(1);
  }
}
