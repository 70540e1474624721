import * as v from "valibot";
import { EXIT_OK } from "../../cli/exit_status.ts";
import { escapeControls } from "../../cli/format.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { serverFaults } from "../faults/client_faults.ts";
import { OperationError } from "../../core/error.ts";
import { formatAge } from "../../program/status_text.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { CLIENT_STATUS, type ServerView } from "./status_document.ts";

/**
 * The work of `docker-connector-client health`: says whether the server was heard lately.
 *
 * @param control path of the status socket
 * @returns the exit status
 * @throws {OperationError} `failure`, if it was not, or no client runs
 */
export async function reportHealth(control: string, terminal: Terminal): Promise<number> {
  const server = await readServer(control);
  if (server.state !== "connected") throw unhealthy(server);
  const { host, endpoint, lastHeardSeconds } = server;
  terminal.out(
    `${escapeControls(`connected: ${host} (${endpoint}), heard ${formatAge(lastHeardSeconds)}`)}\n`,
  );
  return EXIT_OK;
}

async function readServer(control: string): Promise<ServerView> {
  try {
    const document = await readStatus(control, "docker-connector-client");
    if (v.is(CLIENT_STATUS, document)) return document.server;
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
  const [{ text, remedy } = { text: "it is not connected", remedy: "" }] = serverFaults(server);
  return new OperationError("failure", `Cannot reach the server: ${text}`, remedy);
}
