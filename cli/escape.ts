/**
 * Texts that are safe to show: what comes from files, peers and other programs may hold escape sequences.
 *
 * @module
 */

/**
 * Makes control, format and unassigned characters visible, as JSON would write them. JSON.stringify itself lets those
 * above U+007E through.
 *
 * @param text any text
 * @returns one line of it
 */
export function escapeControls(text: string): string {
  return text.replace(/\p{C}/gu, (character) => character.split("").map(escapeUnit).join(""));
}

/** One UTF-16 code unit as `\u` and four digits. */
function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
