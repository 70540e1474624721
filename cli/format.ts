/**
 * Durations and sizes as people read them.
 *
 * @module
 */

/** Names and lengths in seconds. */
const UNITS = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]] as const;

/**
 * Formats a duration in its two largest units.
 *
 * @param seconds not negative; fractions are dropped
 * @returns for example `3 h 12 min`, `45 s`
 */
export function formatDuration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  let first = -1;
  for (const [index, [name, length]] of UNITS.entries()) {
    const count = Math.floor(rest / length);
    rest %= length;
    if (first < 0 && count > 0) first = index;
    if (count > 0 && index <= first + 1) parts.push(`${count} ${name}`);
  }
  return parts.length === 0 ? "0 s" : parts.join(" ");
}

/**
 * Formats a size in decimal units.
 *
 * @param bytes not negative
 * @returns for example `999 B`, `1.5 MB`
 */
export function formatBytes(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = "B";
  for (const next of units) {
    // 999.95 would be shown as 1000.0.
    if (value < (unit === "B" ? 1000 : 999.95)) break;
    value /= 1000;
    unit = next;
  }
  return unit === "B" ? `${value} B` : `${value.toFixed(1)} ${unit}`;
}
