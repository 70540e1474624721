/**
 * The log of a program: lines on stderr, written before the call returns. docs/guide/troubleshooting.md lists
 * the names of fields.
 *
 * @module
 */

import { LOG_LEVELS, type LogLevel } from "../core/config/log_level.ts";
import { jsonLine, type LogEntry, type LogFields, type LogFormat, textLine } from "../cli/log_line.ts";

/**
 * The log of one part of a program. Errors: something failed and a person has to act; warnings: something is
 * wrong, the program goes on by itself; info: a change of state that people want to know; debug: detail for
 * finding a fault.
 */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

/** Options of {@link configureLog}. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Whether text lines are colored. */
  readonly color: boolean;
  /** Takes each line with its newline; must write it before it returns. */
  readonly write: (line: string) => void;
}

let options: LogOptions | undefined;

/** Sets the log up, or changes it. Before the first call nothing is logged. */
export function configureLog(next: LogOptions): void {
  options = next;
}

/** Changes what is logged from now on; everything else stays. Without effect before {@link configureLog}. */
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

/** The last message about each subject, so that the same message is logged once until something changes. */
export class LogOnChange {
  readonly #last = new Map<string, string>();

  /**
   * Notes a message about a subject, for example a file's path.
   *
   * @returns true the first time, and whenever the message differs from the subject's last one
   */
  changed(subject: string, message: string): boolean {
    if (this.#last.get(subject) === message) return false;
    this.#last.set(subject, message);
    return true;
  }

  /** Forgets a subject, because it is in order again; returns whether something had been logged about it. */
  clear(subject: string): boolean {
    return this.#last.delete(subject);
  }
}
