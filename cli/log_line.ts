import type { LogLevel } from "../core/config/log_level.ts";
import { escapeControls } from "./format.ts";

/** The two shapes of a log line. Texts from the network can reach a log, so both escape control characters. */
export const LOG_FORMATS = ["text", "json"] as const;

/** One of {@link LOG_FORMATS}. */
export type LogFormat = typeof LOG_FORMATS[number];

/** Fields of a log message, named as in docs/guide/troubleshooting.md. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What a log line tells. */
export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  /** The part of the program, for example `config`. */
  readonly area: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** SGR color of each level's name (ECMA-48 section 8.3.117). */
const COLORS: Readonly<Record<LogLevel, number>> = { error: 31, warn: 33, info: 32, debug: 90 };

/**
 * A line for people: `TIME LEVEL AREA: MESSAGE KEY=VALUE...`, without its newline.
 *
 * @param color whether the level's name is colored
 */
export function textLine(entry: LogEntry, color: boolean): string {
  const name = entry.level.padEnd(5);
  const level = color ? `\x1b[${COLORS[entry.level]}m${name}\x1b[0m` : name;
  const fields = Object.entries(entry.fields).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}=${textValue(value)}`]
  );
  const time = new Date(entry.time).toISOString();
  return `${time} ${level} ${entry.area}: ${escapeControls(entry.message)}${fields.join("")}`;
}

/**
 * A line for programs: one JSON object with `time` (ISO 8601), `level`, `area`, `message` and the fields,
 * without a newline.
 */
export function jsonLine(entry: LogEntry): string {
  const { time, level, area, message, fields } = entry;
  const fixed = { time: new Date(time).toISOString(), level, area, message };
  // The fixed keys come first for the reader and last for their values: no field can pose as the level.
  return escapeControls(JSON.stringify({ ...fixed, ...fields, ...fixed }, (_key, value) => jsonValue(value)));
}

function textValue(value: unknown): string {
  let text = String(value);
  if (value instanceof Error) text = value.message;
  else if (typeof value === "object") text = JSON.stringify(value, (_key, part) => jsonValue(part)) ?? "";
  return /^[^\s"=\p{C}]+$/u.test(text) ? text : escapeControls(JSON.stringify(text));
}

function jsonValue(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Error ? value.message : value;
}
