import { platform } from "../../../ffi/platform.ts";
import { statusOf } from "../../../ffi/file/file_status.ts";
import { readUserFile, type UserFile } from "../../process/user_file.ts";

/** A machine to search for the Docker Engine's socket; a test gives its own. */
export interface SearchEnvironment {
  readonly os: string;
  /** A variable of the environment. */
  env(name: string): string | undefined;
  /** User id of the person at the screen of a Mac, 0 at the login window; undefined where there is no console. */
  console(): number | undefined;
  /** The text of a file of root's; undefined where there is none or it cannot be read. */
  read(path: string): Promise<string | undefined>;
  /** The text of a file of a user's; undefined where there is none. Throws UnreadFile for one that is not to be read. */
  readUser(file: UserFile): Promise<string | undefined>;
  /** User id of the owner of a file or folder; undefined where there is none. */
  owner(path: string): Promise<number | undefined>;
  /** Names in a folder, some hundred at most; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
}

/** Names that are taken from one folder: a user may have made any number. */
const MAX_NAMES = 256;

/** The running system. */
export const SYSTEM_ENVIRONMENT: SearchEnvironment = {
  os: platform.os,
  env: (name) => Deno.env.get(name),
  // Deno lets only an all-powerful program look at /dev.
  console: () => statusOf("/dev/console", "follow")?.uid,
  read: (path) => unlessAbsent(Deno.readTextFile(path)),
  readUser: (file) => readUserFile(file),
  owner: async (path) => (await unlessAbsent(Deno.stat(path)))?.uid ?? undefined,
  list: async (path) => await unlessAbsent(firstNames(path)) ?? [],
};

async function firstNames(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(path)) if (names.push(name) >= MAX_NAMES) break;
  return names.sort();
}

/** The value, or undefined if the system has none. A refusal by the runtime is a mistake in this program, not an absence. */
function unlessAbsent<T>(value: Promise<T>): Promise<T | undefined> {
  return value.catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  });
}
