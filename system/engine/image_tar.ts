/**
 * What an image's tar says of itself, read without loading it.
 *
 * @module
 */
import { fieldsOf } from "../../core/engine/fields.ts";
import { OperationError } from "../../core/error.ts";
import { openFile } from "./engine_images.ts";

/** A tar is made of blocks of this many bytes (POSIX.1-2017, pax, ustar interchange format). */
const BLOCK = 512;
/** Entries that are looked through; an image has a few for each layer. */
const MOST_ENTRIES = 10_000;
/** Bytes of the manifest. */
const LONGEST_MANIFEST = 1 << 20;

/**
 * The digest of the image's configuration, which is the id of the image unless the Engine's store is containerd's.
 *
 * @param path a tar as `docker save` writes it, holding one image
 * @returns as in "sha256:..."
 * @throws {OperationError} "io"
 */
export async function readImageTar(path: string): Promise<string> {
  using file = await openFile(path);
  const header = new Uint8Array(BLOCK);
  for (let at = 0, entries = 0; entries < MOST_ENTRIES; entries++) {
    await file.seek(at, Deno.SeekMode.Start);
    if (!await readFully(file, header)) break;
    const size = parseInt(textOf(header.subarray(124, 136)).trim(), 8);
    if (Number.isNaN(size) || size < 0) break;
    if (textOf(header.subarray(0, 100)).replace(/^\.\//, "") === "manifest.json") {
      const manifest = new Uint8Array(Math.min(size, LONGEST_MANIFEST));
      const digest = await readFully(file, manifest)
        ? digestOf(new TextDecoder().decode(manifest))
        : undefined;
      if (digest !== undefined) return digest;
      break;
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new OperationError(
    "io",
    `Cannot load image ${path}: it is no tar with one image`,
    "Write it with docker save, and do not compress it",
  );
}

/** The digest in the manifest: the configuration's file is named by it, in its folder or with an ending. */
function digestOf(manifest: string): string | undefined {
  try {
    const images: unknown = JSON.parse(manifest);
    if (!Array.isArray(images) || images.length !== 1) return undefined;
    const { Config: config } = fieldsOf(images[0]);
    const hex = typeof config === "string"
      ? /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(config)?.[1]
      : "";
    return hex ? `sha256:${hex}` : undefined;
  } catch {
    return undefined;
  }
}

async function readFully(file: Deno.FsFile, buffer: Uint8Array): Promise<boolean> {
  for (let at = 0; at < buffer.length;) {
    const length = await file.read(buffer.subarray(at));
    if (length === null) return false;
    at += length;
  }
  return true;
}

/** Text up to the first zero. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
