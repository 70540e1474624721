/**
 * The commands of docker-accessor, for teammates on other machines. Its command line is there, what the commands do is not.
 *
 * @module
 */

import type { OriginalFlag } from "../cli/command_line.ts";
import { type Command, defineCommand } from "../cli/command.ts";
import type { Program } from "../cli/program.ts";
import { OperationError } from "../core/error.ts";

function unbuilt(name: string): Command {
  return defineCommand(name, { brief: "Not built yet.", description: "Not built yet." }, {}, () => {
    throw new OperationError("unavailable", "not built yet");
  });
}

const unread: OriginalFlag = { takesValue: true, replace: () => ({ flags: [], warning: "" }) };

/** The program. */
export const accessor: Program = {
  program: "docker-accessor",
  brief: "Joins the container networks of another machine.",
  description: 'Without a command, "run" is assumed; "run --help" lists its flags.',
  commands: [unbuilt("run"), unbuilt("status")],
  originalFlags: { remote: unread, token: unread, exclude: unread },
  absentCommands: {},
};
