/**
 * `docker-connector-client health`: whether the tunnel is up, for the HEALTHCHECK of the image.
 *
 * @module
 */

import { formatDuration } from "../../cli/amounts.ts";
import { type Command, defineCommand } from "../../cli/command.ts";
import { exitDone } from "../../cli/exit_status.ts";
import { valueFlag } from "../../cli/flag.ts";
import { escapeControls } from "../../cli/plain_text.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { OperationError } from "../../core/error.ts";
import { readStatus } from "../../system/control_client.ts";
import { defaultClientControl } from "../options.ts";
import { isClientStatus, type ServerView } from "../status_document.ts";
import { clientControl } from "./run.ts";

/** The command. */
export const healthCommand: Command = defineCommand(
  "health",
  {
    brief: "Say whether the tunnel is up.",
    description: "Says whether the server was heard lately. Exit status 0 if it was, else 1.",
  },
  {
    control: valueFlag("--control", socketSyntax, `The status socket. Default: ${defaultClientControl}.`),
  },
  async ({ control }, terminal) => {
    const server = await readServer(clientControl(control, (name) => Deno.env.get(name)));
    if (server.state !== "up") throw unhealthy(server);
    terminal.out(`${escapeControls(`up: ${server.host} (${server.endpoint}), heard ${heard(server)}`)}\n`);
    return exitDone;
  },
);

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
