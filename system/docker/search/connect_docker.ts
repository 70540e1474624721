import { OperationError } from "../../../core/error.ts";
import { EngineClient } from "../engine_client.ts";
import { isNotListening } from "../docker_error.ts";
import type { SocketSearch } from "./socket_search.ts";

/**
 * Connects to the first Engine that answers.
 *
 * @throws {OperationError} "unavailable" if none does, with the error of the first socket on which something listens
 */
export async function connectDocker(
  { paths, owners, fault }: SocketSearch,
  signal?: AbortSignal,
): Promise<EngineClient> {
  if (fault !== undefined) {
    throw new OperationError("unavailable", `Cannot find the Docker Engine: ${fault}`);
  }
  const faults: OperationError[] = [];
  for (const path of paths) {
    try {
      await checkOwner(path, owners?.get(path));
      return await EngineClient.connect(path, { signal });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      faults.push(error);
    }
  }
  const [first, ...others] = faults;
  const telling = others.length === 0 ? first : faults.find(({ cause }) => !isNotListening(cause));
  throw telling ?? new OperationError(
    "unavailable",
    "Cannot find the Docker Engine: none of the usual sockets answers",
    'Start Docker, or name its socket as in "docker unix:///var/run/docker.sock" in the config file',
  );
}

/**
 * A socket that a user's folder names may be a link of that user's to another's, who would then decide on this machine's
 * routes. The user can still swap it afterwards, and learns nothing by that: what is sent to it is a request for a version.
 */
async function checkOwner(path: string, owner: number | undefined): Promise<void> {
  if (owner === undefined) return;
  const status = await Deno.stat(path).catch(() => undefined);
  // Without one, the attempt to connect says what is wrong.
  if (status === undefined || status.uid === owner || status.uid === 0) return;
  throw new OperationError(
    "unavailable",
    `Cannot use the Docker Engine at ${path}: the socket belongs to user ${status.uid}, not to user ${owner}`,
    `Name it as in "docker unix://${path}" in the config file, if it is the right one`,
    { cause: new Error("another user's socket") },
  );
}
