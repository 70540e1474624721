import { OperationError } from "../../core/error.ts";
import { MAX_CONFIG_BYTES, readBounded } from "../config/config_file.ts";
import { isAbsent, wordsOf } from "../process/runtime_error.ts";

/**
 * Reads a hosts file of at most 1 MiB, whole.
 *
 * @throws {OperationError} "config" if the file is not there, no regular file, too large or not to be read
 */
export async function readHostsFile(path: string): Promise<string> {
  const fault = (state: string, remedy: string) =>
    new OperationError("config", `Cannot read hosts file ${path}: ${state}`, remedy);
  try {
    // Before it is opened: opening a pipe waits for a writer, and a device could be read for ever.
    if (!(await Deno.stat(path)).isFile) {
      throw fault("it is no regular file", "Name a file in the form of /etc/hosts");
    }
    using file = await Deno.open(path);
    const bytes = await readBounded(file);
    if (bytes !== undefined) return new TextDecoder().decode(bytes);
    throw fault(`it is larger than ${MAX_CONFIG_BYTES} bytes`, "Name a shorter file");
  } catch (error) {
    if (error instanceof OperationError) throw error;
    const state = isAbsent(error) ? "not found" : wordsOf(error);
    throw fault(state, "It is read as soon as it is there; correct the hosts line if the path is wrong");
  }
}
