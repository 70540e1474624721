/**
 * Texts for people: durations, sizes, and what is safe to show.
 *
 * @module
 */

/** Names and lengths in seconds. */
const UNITS = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]] as const;

/**
 * Formats a duration in its two largest units.
 *
 * @param seconds negative ones count as 0; fractions are dropped
 * @returns for example `3 h 12 min`, `45 s`
 */
export function formatDuration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const counts = UNITS.map(([name, length]) => {
    const count = Math.floor(rest / length);
    rest %= length;
    return { count, name };
  });
  const first = counts.findIndex(({ count }) => count > 0);
  if (first < 0) return "0 s";
  const shown = counts.slice(first, first + 2).filter(({ count }) => count > 0);
  return shown.map(({ count, name }) => `${count} ${name}`).join(" ");
}

/**
 * Formats a size in decimal units.
 *
 * @param bytes not negative
 * @returns for example `999 B`, `1.5 MB`
 */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = bytes / 1000;
  // 999.95 would be shown as 1000.0.
  while (value >= 999.95 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value.toFixed(1)} ${units[0]}`;
}

/**
 * Makes control, format and unassigned characters visible, as JSON would write them: texts of files, peers
 * and other programs may hold escape sequences. JSON.stringify itself lets those above U+007E through.
 *
 * @returns one line
 */
export function escapeControls(text: string): string {
  return text.replace(/\p{C}/gu, (character) => character.split("").map(escapeUnit).join(""));
}

/**
 * Formats a document as JSON for people and programs: without characters that act on a terminal, which
 * JSON.stringify lets through above U+007E. It means the same to a parser.
 */
export function formatJson(document: unknown, indent: number = 2): string {
  // The line breaks are those between values: in texts they are escaped.
  return JSON.stringify(document, undefined, indent).split("\n").map(escapeControls).join("\n");
}

/** One UTF-16 code unit as `\u` and four digits. */
function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
