import { type Clock, deadline } from "../../core/async/clock.ts";
import { fileCalls, openFlags } from "../../ffi/file/open_file.ts";
import { cString } from "../../ffi/libc/libc.ts";
import { statusOfDescriptorLater } from "../../ffi/file/file_status.ts";
import { isAbsent, wordsOf } from "./runtime_error.ts";
import { SYSTEM_CLOCK } from "./system_clock.ts";

/** A file that is there and was not read, as "PATH is no regular file". */
export class UnreadFile extends Error {
  override readonly name = "UnreadFile";
}

/** Where a user's file is. */
export interface UserFile {
  /** A folder that root trusts to be where it says, such as the user's home: links on the way to it are followed. */
  readonly folder: string;
  /** The path from there, in which no link is followed. */
  readonly path: string;
}

/** Bytes that the file may have, and milliseconds that it may take: a network file system may never answer. */
export interface ReadBounds {
  readonly size?: number;
  readonly time?: number;
  readonly clock?: Clock;
}

/** A config.json of docker is a few hundred bytes, with many plugins' settings a few thousand. */
const MAX_SIZE = 1 << 18;
const TIMEOUT_MS = 2_000;

/**
 * Reads a file of a user's as root, as UTF-8: what the user puts in its place must neither hold the program up, nor fill its
 * memory, nor lead it to another file. It has to be a regular file that belongs to the folder's owner or to root.
 *
 * @returns undefined where there is none
 * @throws {UnreadFile} where there is one that is not to be read, or too late
 */
export async function readUserFile(
  { folder, path }: UserFile,
  { size = MAX_SIZE, time = TIMEOUT_MS, clock = SYSTEM_CLOCK }: ReadBounds = {},
): Promise<string | undefined> {
  const late = () => {
    throw new Refusal(`was not read within ${time} ms`);
  };
  try {
    return await deadline(readWithin(folder, path, size), time, late, clock);
  } catch (error) {
    throw error instanceof Refusal ? new UnreadFile(`${folder}/${path} ${error.message}`) : error;
  }
}

/** Why it is not read. */
class Refusal extends Error {}

/**
 * Goes from folder to folder by descriptors, so that none can be swapped once it was looked at. All calls run on another
 * thread: one that never returns keeps its descriptor and nothing else.
 */
async function readWithin(folder: string, path: string, most: number): Promise<string | undefined> {
  if (!await isThere(`${folder}/${path}`)) return undefined;
  const { openLater, openatLater, close } = fileCalls();
  const { O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = openFlags;
  // Deno does not keep what another thread reads: it has to be in use until the end.
  const texts = [cString(folder)];
  let descriptor = await openLater(texts[0], O_DIRECTORY | O_CLOEXEC);
  try {
    if (descriptor < 0) throw new Refusal(`is in ${folder}, which cannot be opened`);
    const owner = (await statusOfDescriptorLater(descriptor))?.uid;
    const names = path.split("/");
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1;
      // Without O_NONBLOCK the opening of a pipe waits for a writer.
      const flags = O_CLOEXEC | O_NOFOLLOW | (isLast ? O_NONBLOCK : O_DIRECTORY);
      const text = cString(name);
      texts.push(text);
      const next = await openatLater(descriptor, text, flags);
      close(descriptor);
      descriptor = next;
      if (descriptor < 0) throw new Refusal("cannot be opened, or is or leads through a link");
    }
    const status = await statusOfDescriptorLater(descriptor);
    if (status?.kind !== "file") throw new Refusal("is no regular file");
    if (status.uid !== 0 && status.uid !== owner) {
      throw new Refusal(`belongs to user ${status.uid}, and the folder to ${owner ?? "nobody"}`);
    }
    if (status.size > BigInt(most)) throw new Refusal(`has more than ${most >> 10} KiB`);
    return await readText(descriptor, most);
  } finally {
    texts.length = 0;
    if (descriptor >= 0) close(descriptor);
  }
}

function isThere(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, (error) => {
    if (isAbsent(error)) return false;
    throw new Refusal(`cannot be looked at: ${wordsOf(error)}`);
  });
}

/** It may grow while it is read. */
async function readText(descriptor: number, most: number): Promise<string> {
  const { readLater } = fileCalls();
  const decoder = new TextDecoder();
  const room = new Uint8Array(16_384);
  let text = "";
  for (let length = 0;;) {
    const count = await readLater(descriptor, room, room.length);
    if (count < 0) throw new Refusal("cannot be read");
    if (count === 0) return text + decoder.decode();
    length += count;
    if (length > most) throw new Refusal(`has more than ${most >> 10} KiB`);
    text += decoder.decode(room.subarray(0, count), { stream: true });
  }
}
