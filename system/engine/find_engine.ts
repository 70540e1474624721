/**
 * Finds the Engine to use.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { EngineClient } from "./engine_client.ts";
import { isAbsence } from "./engine_fault.ts";
import type { SocketSearch } from "./socket_search.ts";

/**
 * The first Engine that answers.
 *
 * @param signal ends the search
 * @throws {OperationError} "unavailable" if none does; it says what is wrong with the first socket on which someone
 * listens
 */
export async function findEngine(
  { paths, fault }: SocketSearch,
  signal?: AbortSignal,
): Promise<EngineClient> {
  if (fault !== undefined) {
    throw new OperationError("unavailable", `Cannot find the Docker Engine: ${fault}`);
  }
  const faults: OperationError[] = [];
  for (const path of paths) {
    try {
      return await EngineClient.connect(path, { signal });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      faults.push(error);
    }
  }
  const [only] = faults;
  if (only !== undefined && faults.length === 1) throw only;
  throw faults.find(({ cause }) => !isAbsence(cause)) ?? new OperationError(
    "unavailable",
    "Cannot find the Docker Engine: none of the usual sockets answers",
    'Start Docker, or name its socket as in "docker unix:///var/run/docker.sock" in the config file',
  );
}
