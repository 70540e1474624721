/**
 * The log of a program: lines on stderr, written before the call returns.
 *
 * @module
 */

import { configureSync, getLogger as getCategory, type LogRecord } from "@logtape/logtape";
import type { LogLevel } from "../core/config/log_level.ts";
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

/** The root of all categories, apart from those of the libraries. */
const root = "docker-connector";

/** Our level names in logtape's. */
const logtapeLevels = { error: "error", warn: "warning", info: "info", debug: "debug" } as const;

/** Logtape's level names in ours; its `trace` and `fatal` are not used by the programs. */
const ownLevels: Readonly<Record<LogRecord["level"], LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "error",
};

let settings: LogSettings | undefined;

/**
 * Sets the log up, or anew. Before the first call nothing is logged.
 *
 * @param next the whole of the settings
 */
export function configureLog(next: LogSettings): void {
  settings = next;
  const write = (record: LogRecord): void => {
    const entry = entryOf(record);
    next.write(`${next.format === "json" ? jsonLine(entry) : textLine(entry, next.color)}\n`);
  };
  configureSync({
    reset: true,
    sinks: { stderr: write },
    loggers: [
      { category: [root], lowestLevel: logtapeLevels[next.level], sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

/**
 * Changes what is logged from now on; everything else stays. Without effect before {@link configureLog}.
 *
 * @param level the new level
 */
export function setLogLevel(level: LogLevel): void {
  if (settings !== undefined && settings.level !== level) configureLog({ ...settings, level });
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
  const category = getCategory([root, area]);
  return {
    error: (message, fields = {}) => category.error(message, { ...fields }),
    warn: (message, fields = {}) => category.warn(message, { ...fields }),
    info: (message, fields = {}) => category.info(message, { ...fields }),
    debug: (message, fields = {}) => category.debug(message, { ...fields }),
  };
}

function entryOf(record: LogRecord): LogEntry {
  // The raw message: a brace in a text from elsewhere must not be read as a placeholder.
  const { rawMessage } = record;
  return {
    time: record.timestamp,
    level: ownLevels[record.level],
    area: record.category.slice(1).join("."),
    message: typeof rawMessage === "string" ? rawMessage : record.message.map(String).join(""),
    fields: record.properties,
  };
}
