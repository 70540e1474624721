/**
 * The two shapes of a log line. Texts from the network can reach a log, so control characters are escaped.
 *
 * @module
 */

import type { LogLevel } from "../core/config/log_level.ts";
import { escapeControls } from "./escape.ts";

/** The two shapes a log line can have. */
export const LOG_FORMATS = ["text", "json"] as const;

/** One of {@link LOG_FORMATS}. */
export type LogFormat = typeof LOG_FORMATS[number];

/** Fields of a log message, named as in docs/guide/troubleshooting.md. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A log entry. */
export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** How much it matters. */
  readonly level: LogLevel;
  /** The part of the program, for example `config`. */
  readonly area: string;
  /** What happened. */
  readonly message: string;
  /** Its fields. */
  readonly fields: LogFields;
}

/** SGR color of each level's name (ECMA-48 section 8.3.117). */
const COLORS: Readonly<Record<LogLevel, number>> = { error: 31, warn: 33, info: 32, debug: 90 };

/**
 * A line for people: `TIME LEVEL AREA: MESSAGE KEY=VALUE...`.
 *
 * @param entry what is logged
 * @param color whether the level's name is colored
 * @returns the line without its newline
 */
export function textLine(entry: LogEntry, color: boolean): string {
  const name = entry.level.padEnd(5);
  const level = color ? `\x1b[${COLORS[entry.level]}m${name}\x1b[0m` : name;
  const fields = Object.entries(entry.fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${textValue(value)}`);
  const time = new Date(entry.time).toISOString();
  return `${time} ${level} ${entry.area}: ${escapeControls(entry.message)}${fields.join("")}`;
}

/**
 * A line for programs: one JSON object with `time` (ISO 8601), `level`, `area`, `message` and the fields.
 *
 * @param entry what is logged
 * @returns the line without its newline
 */
export function jsonLine(entry: LogEntry): string {
  const { time, level, area, message, fields } = entry;
  const fixed = { time: new Date(time).toISOString(), level, area, message };
  // The fixed keys come first for the reader and last for their values: no field can pose as the level.
  return escapeControls(JSON.stringify({ ...fixed, ...fields, ...fixed }, (_key, value) => jsonValue(value)));
}

function textValue(value: unknown): string {
  const text = value instanceof Error || typeof value === "object" ? plainText(value) : String(value);
  return /^[^\s"=\p{C}]+$/u.test(text) ? text : escapeControls(JSON.stringify(text));
}

function plainText(value: unknown): string {
  return value instanceof Error
    ? value.message
    : JSON.stringify(value, (_key, part) => jsonValue(part)) ?? "";
}

function jsonValue(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Error ? value.message : value;
}
