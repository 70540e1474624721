/**
 * Rows of text in aligned columns.
 *
 * @module
 */

/**
 * Aligns a table with two spaces between its columns.
 *
 * @param rows cells by row; the first row may be the heading
 * @returns one line a row, without spaces at their ends
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, cell.length));
  }
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd())
    .join("\n");
}
