import { formatJson } from "../cli/format.ts";
import * as v from "valibot";
import { EXIT_OK } from "../cli/exit_status.ts";
import type { Terminal } from "../cli/terminal.ts";
import type { Clock } from "../core/async/clock.ts";
import { OperationError } from "../core/error.ts";
import { PLAIN_LAYOUT, type TextLayout } from "./fault_text.ts";
import { readStatus } from "../system/control/control_client.ts";
import { SYSTEM_CLOCK } from "../system/process/system_clock.ts";

/** The status document of a program, and how people read it. */
export interface StatusFormat<Document> {
  /** The program's name. */
  readonly program: string;
  readonly schema: v.GenericSchema<unknown, Document>;
  readonly text: (document: Document, layout: TextLayout) => string;
}

/** What `status` shows. */
export interface StatusOptions {
  /** Path of the control socket. */
  readonly control: string;
  /** Whether as JSON. */
  readonly json: boolean;
  /** Whether again each second until the program is asked to stop. */
  readonly watch: boolean;
}

/**
 * Shows the state of a running program.
 *
 * @returns the exit status
 * @throws {OperationError} `not-running`, if none runs
 */
export async function showStatus<Document>(
  { program, schema, text }: StatusFormat<Document>,
  { control, json, watch }: StatusOptions,
  terminal: Terminal,
  clock: Clock = SYSTEM_CLOCK,
): Promise<number> {
  const render = async (indent: number): Promise<string> => {
    const document = await readStatus(control, program);
    if (json) return `${formatJson(document, indent)}\n`;
    const { success, output } = v.safeParse(schema, document);
    if (success) {
      return text(output, { width: terminal.columns ?? PLAIN_LAYOUT.width, color: terminal.outColor });
    }
    throw new OperationError(
      "failure",
      `Cannot show the status at ${control}: the running ${program} is of another version`,
      "Restart it, or use --json",
    );
  };
  if (!watch) {
    terminal.out(await render(2));
    return EXIT_OK;
  }
  const { watchStatus } = await import("./watch_status.ts");
  return await watchStatus({ program, json, read: () => render(0), terminal, clock });
}
