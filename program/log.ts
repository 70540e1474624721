/**
 * The log of a program: lines on stderr, written before the call returns. docs/guide/troubleshooting.md lists the names of
 * fields.
 *
 * @module
 */

import { LOG_LEVELS, type LogLevel } from "../core/config/log_level.ts";
import { jsonLine, type LogEntry, type LogFields, type LogFormat, textLine } from "../cli/log_line.ts";

export type { LogFields, LogFormat } from "../cli/log_line.ts";

/** The log of one part of a program. */
export interface Logger {
  /** Something failed and a person has to act. */
  error(message: string, fields?: LogFields): void;
  /** Something is wrong, the program goes on by itself. */
  warn(message: string, fields?: LogFields): void;
  /** A change of state that people want to know. */
  info(message: string, fields?: LogFields): void;
  /** Detail for finding a fault. */
  debug(message: string, fields?: LogFields): void;
}

/** Options of {@link configureLog}. */
export interface LogOptions {
  /** What is logged. */
  readonly level: LogLevel;
  /** The shape of a line. */
  readonly format: LogFormat;
  /** Whether text lines are colored. */
  readonly color: boolean;
  /** Takes each line with its newline; must write it before it returns. */
  readonly write: (line: string) => void;
}

let options: LogOptions | undefined;

/**
 * Sets the log up, or changes it. Before the first call nothing is logged.
 *
 * @param next all options
 */
export function configureLog(next: LogOptions): void {
  options = next;
}

/**
 * Changes what is logged from now on; everything else stays. Without effect before {@link configureLog}.
 *
 * @param level the new level
 */
export function setLogLevel(level: LogLevel): void {
  if (options !== undefined) options = { ...options, level };
}

/** The options in use; undefined before {@link configureLog}. */
export function currentLogOptions(): LogOptions | undefined {
  return options;
}

/**
 * The logger of one part of a program. It may be made before the log is set up.
 *
 * @param area the part's name, for example `config`
 */
export function getLogger(area: string): Logger {
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}): void =>
    write({ time: Date.now(), level, area, message, fields });
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}

function write(entry: LogEntry): void {
  if (options === undefined || LOG_LEVELS.indexOf(entry.level) > LOG_LEVELS.indexOf(options.level)) return;
  options.write(`${options.format === "json" ? jsonLine(entry) : textLine(entry, options.color)}\n`);
}
