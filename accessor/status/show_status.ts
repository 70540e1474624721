/**
 * The work of `docker-accessor status`.
 *
 * @module
 */
import { EXIT_OK } from "../../cli/exit_status.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { OperationError } from "../../core/error.ts";
import { readStatus } from "../../system/control/control_client.ts";
import { isAccessorStatus } from "./status_document.ts";
import { statusText } from "./status_text.ts";

/**
 * Shows the state of the running accessor.
 *
 * @param control path of the status socket
 * @param json whether as JSON
 * @returns the exit status
 * @throws {OperationError} `not-running`, if none runs
 */
export async function showStatus(control: string, json: boolean, terminal: Terminal): Promise<number> {
  const document = await readStatus(control, "docker-accessor");
  if (json) terminal.out(`${JSON.stringify(document, undefined, 2)}\n`);
  else if (isAccessorStatus(document)) terminal.out(statusText(document));
  else {
    throw new OperationError(
      "failure",
      `Cannot show the status at ${control}: the running docker-accessor is of another version`,
      "Restart it, or use --json",
    );
  }
  return EXIT_OK;
}
