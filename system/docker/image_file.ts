import { OperationError } from "../../core/error.ts";
import { stampFile } from "../config/file_watch.ts";

/** Bytes of an id's file that are read: "sha256:", 64 digits, and the end of the line. */
const MAX_ID = 80;

/** The path of the file with the id of the image in a tar, as `docker save` writes it; `deno task image` writes both. */
const idPath = (tar: string) => `${tar}.id`;

/** Tells two states of a tar and its id apart without reading them. */
export function stampImage(tar: string): string {
  return `${stampFile(tar).state} ${stampFile(idPath(tar)).state}`;
}

/**
 * The id of the image in a tar, which is what the Engine that built it knows the image by.
 *
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
    const remedy = "Make both with deno task image, or remove that file";
    throw new OperationError("io", `Cannot use image ${tar}: ${path} holds no image id`, remedy);
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

/** @throws {OperationError} "io" */
export async function openImage(tar: string): Promise<Deno.FsFile> {
  const fault = (state: string, options?: ErrorOptions) =>
    new OperationError("io", `Cannot load image ${tar}: ${state}`, "Name a file of docker save", options);
  try {
    // Opening a pipe would wait for a writer.
    if (!(await Deno.stat(tar)).isFile) throw fault("it is no file");
    return await Deno.open(tar);
  } catch (error) {
    if (error instanceof OperationError) throw error;
    const isMissing = error instanceof Deno.errors.NotFound;
    throw fault(isMissing ? "there is no such file" : "it cannot be opened", { cause: error });
  }
}
