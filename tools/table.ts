/**
 * Aligns a table with two spaces between its columns: one line a row, without spaces at their ends.
 *
 * @param rows cells by row; the first row may be the heading
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widthOf(column))).join("  ").trimEnd()
  );
  return lines.join("\n");
}
