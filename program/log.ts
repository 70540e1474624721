/**
 * The log of a program: lines on stderr, written before the call returns.
 *
 * @module
 */

import { LOG_LEVELS, type LogLevel } from "../core/config/log_level.ts";
import { jsonLine, type LogEntry, type LogFields, type LogFormat, textLine } from "./log_line.ts";

export type { LogFields, LogFormat } from "./log_line.ts";

/** Says what happens in one part of a program. */
export interface Logger {
  /** Something failed and a person has to act. */
  error(message: string, fields?: LogFields): void;
  /** Something is wrong, the program goes on by itself. */
  warn(message: string, fields?: LogFields): void;
  /** A change of state people want to know of. */
  info(message: string, fields?: LogFields): void;
  /** Detail for the search of a fault. */
  debug(message: string, fields?: LogFields): void;
}

/** How {@link configureLog} sets the log up. */
export interface LogSettings {
  /** What is logged. */
  readonly level: LogLevel;
  /** The shape of a line. */
  readonly format: LogFormat;
  /** Whether text lines are colored. */
  readonly color: boolean;
  /** Takes each line with its newline; must write it before it returns. */
  readonly write: (line: string) => void;
}

let settings: LogSettings | undefined;

/**
 * Sets the log up, or anew. Before the first call nothing is logged.
 *
 * @param next the whole of the settings
 */
export function configureLog(next: LogSettings): void {
  settings = next;
}

/**
 * Changes what is logged from now on; everything else stays. Without effect before {@link configureLog}.
 *
 * @param level the new level
 */
export function setLogLevel(level: LogLevel): void {
  if (settings !== undefined) settings = { ...settings, level };
}

/** How the log is set up now; undefined before {@link configureLog}. */
export function currentLogSettings(): LogSettings | undefined {
  return settings;
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
  if (settings === undefined || LOG_LEVELS.indexOf(entry.level) > LOG_LEVELS.indexOf(settings.level)) return;
  settings.write(`${settings.format === "json" ? jsonLine(entry) : textLine(entry, settings.color)}\n`);
}
