/**
 * The four log levels of the programs, and how their names are read.
 *
 * @module
 */

/** How much is logged: each level includes the ones before it. */
export const logLevels = ["error", "warn", "info", "debug"] as const;

/** One of {@link logLevels}. */
export type LogLevel = typeof logLevels[number];

/** The two shapes a log line can have. */
export const logFormats = ["text", "json"] as const;

/** One of {@link logFormats}. */
export type LogFormat = typeof logFormats[number];

/** Level names of the original server (go-logging) that have another name here. */
const originalNames: Readonly<Record<string, LogLevel>> = {
  critical: "error",
  warning: "warn",
  notice: "info",
};

/**
 * Reads a level name without regard to case, the original's names included.
 *
 * @param text for example `info`, `INFO` or `WARNING`
 * @returns the level, or undefined if the name is none
 */
export function parseLogLevel(text: string): LogLevel | undefined {
  const name = text.toLowerCase();
  return logLevels.find((level) => level === name) ?? originalNames[name];
}
