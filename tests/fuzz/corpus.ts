/**
 * Kept inputs: tests/fuzz/corpus/TARGET/NAME.txt holds a text as it is, NAME.hex octets in hexadecimal, with blanks and with
 * comments from "#" to the end of the line.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("corpus/", import.meta.url));

/** An input that is kept. */
export interface Kept {
  /** The file's name. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The octets of a .hex file. */
export function readHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text.replaceAll(/#.*$/gm, "").replaceAll(/\s+/g, ""));
}

/** Octets as a .hex file. */
export function writeHex(bytes: Uint8Array, comment: string): string {
  const rows = bytes.toHex().match(/.{1,64}/g) ?? [];
  return [`# ${comment}`, ...rows.map((row) => row.replaceAll(/(.{8})(?=.)/g, "$1 ")), ""].join("\n");
}

/** The kept inputs of a target, by name. */
export function readCorpus(target: string): Kept[] {
  const folder = join(FOLDER, target);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  return names.map((name) => {
    const path = join(folder, name);
    return {
      name,
      bytes: name.endsWith(".hex") ? readHex(Deno.readTextFileSync(path)) : Deno.readFileSync(path),
    };
  });
}

/** Keeps one more input; returns its path. */
export function keep(
  target: string,
  name: string,
  isText: boolean,
  bytes: Uint8Array,
  comment: string,
): string {
  const path = join(FOLDER, target, `${name}.${isText ? "txt" : "hex"}`);
  if (isText) Deno.writeFileSync(path, bytes);
  else Deno.writeTextFileSync(path, writeHex(bytes, comment));
  return path;
}
