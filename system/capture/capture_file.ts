import { OperationError } from "../../core/error.ts";
import { isAbsent, wordsOf } from "../process/runtime_error.ts";

/**
 * Makes the file of a capture. It is new, so that nothing is overwritten and no link is followed (O_EXCL of open(2)), and its owner
 * alone reads it: packets are secrets.
 *
 * @throws {OperationError} `io` or `privilege`
 */
export async function createCaptureFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    const act = `Cannot write capture ${path}`;
    const fault = (state: string, remedy: string, code: "io" | "privilege" = "io") =>
      new OperationError(code, `${act}: ${state}`, remedy, { cause: error });
    if (error instanceof Deno.errors.AlreadyExists) {
      throw fault("something is there already", "Remove it or name another file");
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw fault("permission denied", "Run with sudo or name a file in another folder", "privilege");
    }
    if (isAbsent(error)) throw fault("its folder does not exist", "Make the folder or name another file");
    throw fault(wordsOf(error), "Name another file");
  }
}
