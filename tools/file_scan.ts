/**
 * Finds texts in programs, which are too large to be read whole.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Bytes of a piece that is searched at once. */
const PIECE = 1 << 20;

/**
 * The texts of a file that a pattern fits; some come twice.
 *
 * @param path the file, each byte of which is a character
 * @param pattern with the flag `g`
 * @param overlap no text may be longer, in bytes, since it may lie across two pieces
 */
export async function* matchesIn(
  path: string,
  pattern: RegExp,
  overlap: number,
): AsyncGenerator<RegExpMatchArray> {
  using file = await Deno.open(path);
  const buffer = Buffer.alloc(PIECE);
  let rest = "";
  for (let length = await file.read(buffer); length !== null; length = await file.read(buffer)) {
    // A TextDecoder for Latin-1 takes ten times as long.
    const piece = rest + buffer.toString("latin1", 0, length);
    yield* piece.matchAll(pattern);
    rest = piece.slice(-overlap);
  }
}
