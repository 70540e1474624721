/**
 * What the command line of a program can be.
 *
 * @module
 */

import type { Command } from "./command.ts";

/** What becomes of a flag of the original. */
export interface OriginalFlag {
  /** Whether a value follows it. The flags without one can have `=true` or `=false`. */
  readonly takesValue: boolean;
  /**
   * Says what stands for it now.
   *
   * @param value its value; `true` or `false` for a flag that takes none
   * @throws {OperationError} `usage`, where leaving it out would not do what the caller wants
   */
  readonly replace: (value: string) => { readonly flags: readonly string[]; readonly warning: string };
}

/** The command lines of one program. */
export interface CommandLine {
  /** The program's name. */
  readonly program: string;
  /** Its commands; `run` is one of them. */
  readonly commands: readonly Command[];
  /** Flags of the original that `run` still understands, by their names without dashes. */
  readonly originalFlags: Readonly<Record<string, OriginalFlag>>;
  /** Commands that are no more, or not yet: what to do instead. */
  readonly absentCommands: Readonly<Record<string, string>>;
}
