/** The levels, from the fewest messages to the most; each includes the ones before it. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;

/** A log level. */
export type LogLevel = typeof LOG_LEVELS[number];

// Names that the server of upstream v1 takes (level.go of github.com/op/go-logging) and that have another name here.
const OTHER_NAMES = new Map<string, LogLevel>([["critical", "error"], ["warning", "warn"], [
  "notice",
  "info",
]]);

/**
 * Reads the name of a level, in upper or lower case; undefined for any other text. CRITICAL, WARNING and NOTICE, of
 * upstream v1, mean error, warn and info.
 */
export function parseLogLevel(name: string): LogLevel | undefined {
  const lower = name.toLowerCase();
  return LOG_LEVELS.find((level) => level === lower) ?? OTHER_NAMES.get(lower);
}
