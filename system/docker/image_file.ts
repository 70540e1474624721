/**
 * An image's file as `docker save` writes it, and the file beside it that holds the image's id.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { stampFile } from "../config/file_stamp.ts";

/** Bytes of an id's file that are read: "sha256:", 64 digits, and the end of the line. */
const MAX_ID = 80;

/** The path of the file with the id of the image in a tar; `deno task image` writes both. */
function idPath(tar: string): string {
  return `${tar}.id`;
}

/** Tells two states of a tar and its id apart without reading them. */
export function stampImage(tar: string): string {
  return `${stampFile(tar).state} ${stampFile(idPath(tar)).state}`;
}

/**
 * The id of the image in a tar, which is what the Engine that built it knows the image by.
 *
 * @param tar its path
 * @returns as in "sha256:..."; undefined where there is none beside it, or an older one, which is that of an earlier tar
 * @throws {OperationError} "io" when there is no such tar, or the id's file holds something else
 */
export async function readImageId(tar: string): Promise<string | undefined> {
  using image = await openImage(tar);
  const path = idPath(tar);
  const text = await readStart(path);
  if (text === undefined) return undefined;
  const [, id] = /^(sha256:[0-9a-f]{64})\r?\n?$/.exec(text) ?? [];
  if (id === undefined) {
    throw new OperationError(
      "io",
      `Cannot use image ${tar}: ${path} holds no image id`,
      "Make both with deno task image, or remove that file",
    );
  }
  const [made, told] = [(await image.stat()).mtime, (await Deno.stat(path)).mtime];
  return made !== null && told !== null && told < made ? undefined : id;
}

/** The start of a small file; undefined where there is none, or it is no plain file. */
async function readStart(path: string): Promise<string | undefined> {
  if (!(await Deno.stat(path).then(({ isFile }) => isFile, () => false))) return undefined;
  using file = await Deno.open(path);
  const buffer = new Uint8Array(MAX_ID);
  const length = await file.read(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, length));
}

/**
 * Opens a tar.
 *
 * @throws {OperationError} "io"
 */
export async function openImage(tar: string): Promise<Deno.FsFile> {
  const remedy = "Name a file of docker save";
  const info = await Deno.stat(tar).catch((error: unknown) => {
    const state = error instanceof Deno.errors.NotFound ? "there is no such file" : "it cannot be opened";
    throw new OperationError("io", `Cannot load image ${tar}: ${state}`, remedy, { cause: error });
  });
  // Opening a pipe would wait for a writer.
  if (!info.isFile) throw new OperationError("io", `Cannot load image ${tar}: it is no file`, remedy);
  try {
    return await Deno.open(tar);
  } catch (error) {
    throw new OperationError("io", `Cannot load image ${tar}: it cannot be opened`, remedy, { cause: error });
  }
}
