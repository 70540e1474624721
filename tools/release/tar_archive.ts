/**
 * Writes .tar and .tar.gz files that depend on nothing but their content: no times, no owners, the given order.
 *
 * @module
 */

/** One file of an archive. */
export interface Entry {
  /** its name in the archive: ASCII, at most 100 characters */
  readonly name: string;
  /** the file to read */
  readonly path: string;
  /** permission bits */
  readonly mode: number;
}

/** A tar file is made of blocks of this many bytes (POSIX pax, section "ustar Interchange Format"). */
const BLOCK = 512;

/**
 * The header of a file in the ustar format: fields at fixed places, numbers as octal text, all else zero. Owner and
 * group are 0, the time is 1970, since a release made twice shall be the same.
 *
 * @param name at most 100 ASCII characters
 * @param mode permission bits
 * @param size in bytes, below 8 GiB
 */
export function ustarHeader(name: string, mode: number, size: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(BLOCK);
  const text = new TextEncoder();
  const put = (offset: number, value: string) => header.set(text.encode(value), offset);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  if (text.encode(name).length > 100) throw new RangeError(`the name is too long for an archive: ${name}`);
  put(0, name);
  put(100, octal(mode, 7));
  put(108, octal(0, 7)); // owner
  put(116, octal(0, 7)); // group
  put(124, octal(size, 11));
  put(136, octal(0, 11)); // time
  put(148, " ".repeat(8)); // counts as blanks in its own sum
  put(156, "0"); // a plain file
  put(257, "ustar\0" + "00");
  const sum = header.reduce((total, octet) => total + octet, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return header;
}

async function* tarStream(entries: readonly Entry[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const { name, path, mode } of entries) {
    const { size } = await Deno.stat(path);
    yield ustarHeader(name, mode, size);
    const file = await Deno.open(path);
    let length = 0;
    for await (const chunk of file.readable) {
      length += chunk.length;
      yield chunk;
    }
    if (length !== size) throw new Error(`${path} changed while it was read`);
    yield new Uint8Array((BLOCK - size % BLOCK) % BLOCK);
  }
  // Two empty blocks end an archive.
  yield new Uint8Array(2 * BLOCK);
}

/** Writes an archive, a .tar.gz file, over what is there. */
export async function writeArchive(path: string, entries: readonly Entry[]): Promise<void> {
  await compress(ReadableStream.from(tarStream(entries)), path);
}

/** Writes an archive that is not compressed, a .tar file, over what is there. */
export async function writeTar(path: string, entries: readonly Entry[]): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  await ReadableStream.from(tarStream(entries)).pipeTo(file.writable);
}

/** Writes a compressed copy of a file, a .gz file, over what is there. */
export async function writeCompressed(path: string, source: string): Promise<void> {
  await compress((await Deno.open(source)).readable, path);
}

async function compress(source: ReadableStream<Uint8Array<ArrayBuffer>>, path: string): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  // The pipe closes the file: until then its last bytes need not be there.
  await source.pipeThrough(new CompressionStream("gzip")).pipeTo(file.writable);
}
