/**
 * The work of `docker-connector-client health`.
 *
 * @module
 */

import { formatDuration } from "../../cli/format.ts";
import { EXIT_OK } from "../../cli/exit_status.ts";
import { escapeControls } from "../../cli/escape.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { OperationError } from "../../core/error.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { isClientStatus, type ServerView } from "./status_document.ts";

/**
 * Says whether the server was heard lately.
 *
 * @param control path of the status socket
 * @param terminal told that it was
 * @returns the exit status
 * @throws {OperationError} `failure`, if it was not, or no client runs
 */
export async function reportHealth(control: string, terminal: Terminal): Promise<number> {
  const server = await readServer(control);
  if (server.state !== "up") throw unhealthy(server);
  terminal.out(`${escapeControls(`up: ${server.host} (${server.endpoint}), heard ${heard(server)}`)}\n`);
  return EXIT_OK;
}

async function readServer(control: string): Promise<ServerView> {
  try {
    const document = await readStatus(control, "docker-connector-client");
    if (isClientStatus(document)) return document.server;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    // Docker knows two answers of a health check, and 1 is the one for "no" (Dockerfile reference, HEALTHCHECK).
    throw new OperationError("failure", error.message, error.remedy, { cause: error });
  }
  throw new OperationError(
    "failure",
    `Cannot read the status at ${control}: the running docker-connector-client is of another version`,
    "Restart it",
  );
}

function unhealthy(server: ServerView): OperationError {
  const { host, endpoint } = server;
  return endpoint === null
    ? new OperationError(
      "failure",
      `Cannot reach the server ${host}: its name has no address`,
      "Check --host",
    )
    : new OperationError(
      "failure",
      `Cannot reach the server ${host} (${endpoint}): heard ${heard(server)}`,
      "Start docker-connector on the desktop, or check its host and port",
    );
}

function heard({ lastHeardSeconds }: ServerView): string {
  return lastHeardSeconds === null ? "never" : `${formatDuration(lastHeardSeconds)} ago`;
}
