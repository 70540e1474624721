/**
 * Assembles core/checksum/sum.wat into core/checksum/sum_wasm.ts, so that building and running need no assembler.
 * Run it after a change to the .wat file; `tools/assemble_test.ts` fails when the two differ.
 *
 * @module
 */
import wabt from "wabt";

const source = new URL("../core/checksum/sum.wat", import.meta.url);
const target = new URL("../core/checksum/sum_wasm.ts", import.meta.url);

/** The text of sum_wasm.ts that belongs to the present sum.wat. */
export async function assembledModule(): Promise<string> {
  const assembler = await wabt();
  const module = assembler.parseWat("sum.wat", await Deno.readTextFile(source), { simd: true });
  module.validate();
  const { buffer } = module.toBinary({ log: false, write_debug_names: false });
  module.destroy();
  const lines = (buffer.toBase64?.() ?? btoa(String.fromCharCode(...buffer))).match(/.{1,100}/g) ?? [];
  return [
    "/** core/checksum/sum.wat, assembled by tools/assemble.ts; do not edit. @module */",
    "",
    "/** The WebAssembly binary, base64. */",
    "export const sumWasm: string =",
    lines.map((line) => `  "${line}"`).join(" +\n") + ";",
    "",
  ].join("\n");
}

if (import.meta.main) await Deno.writeTextFile(target, await assembledModule());
