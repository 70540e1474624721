/**
 * Assembles each .wat file of {@linkcode SOURCES} into the module beside it, so that building and running need no
 * assembler. Run it after a change to one; `tools/assemble_test.ts` fails when the two differ.
 *
 * @module
 */
import wabt from "wabt";

/** The .wat files: path from the repository without its ending, and the constant that holds its binary. */
export const SOURCES: readonly { readonly path: string; readonly constant: string }[] = [
  { path: "core/packet/checksum", constant: "sumWasm" },
  { path: "core/memory/gather_copy", constant: "gatherWasm" },
];

/** Where something of the repository is. */
export function locate(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

/** The text of the module that belongs to the present .wat file. */
export async function assembledModule({ path, constant }: typeof SOURCES[number]): Promise<string> {
  const assembler = await wabt();
  const features = { simd: true, multi_memory: true, bulk_memory: true };
  const module = assembler.parseWat(`${path}.wat`, await Deno.readTextFile(locate(`${path}.wat`)), features);
  const { buffer } = module.toBinary({ log: false, write_debug_names: false });
  module.destroy();
  // The assembler's own check refuses a second memory whatever it is told.
  if (!WebAssembly.validate(buffer.slice())) throw new Error(`${path}.wat is no valid module`);
  const lines = (buffer.toBase64?.() ?? btoa(String.fromCharCode(...buffer))).match(/.{1,100}/g) ?? [];
  return [
    `/** ${path}.wat, assembled by tools/assemble.ts; do not edit. @module */`,
    "",
    "/** The WebAssembly binary, base64. */",
    `export const ${constant}: string =`,
    lines.map((line) => `  "${line}"`).join(" +\n") + ";",
    "",
  ].join("\n");
}

if (import.meta.main) {
  for (const source of SOURCES) {
    await Deno.writeTextFile(locate(`${source.path}_wasm.ts`), await assembledModule(source));
  }
}
