/**
 * The process of a Docker Engine, of whatever program.
 *
 * @module
 */
import type { Process } from "./process.ts";

/** A daemon that answers the Docker API on a socket, running or between two runs. Disposal takes all of it away. */
export interface EngineDaemon extends AsyncDisposable {
  /**
   * Starts it without waiting for an answer.
   *
   * @param data names its data; another name is an Engine that knows nothing of what was before
   */
  start(data: string): Promise<Process>;
  /** SIGTERM, as a service manager stops it. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Writes texts to files of a folder; pairs of paths: where each is, and what it is to be seen as. */
export async function writeSeenFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<string[]> {
  const pairs: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    const file = `${folder}/${path.replaceAll("/", "_")}`;
    await Deno.writeTextFile(file, text);
    pairs.push(file, path);
  }
  return pairs;
}
