/**
 * Boxes beside each other, joined by wires: the picture of a topology in plain characters.
 *
 * @module
 */

/** One box and the wire that leads to the next one. */
export interface Box {
  readonly title: string;
  /** One text a row; rows of all boxes stand level. */
  readonly rows: readonly string[];
  /** The row, counted from 0, from which the wire leads to the next box, and what is written above it. */
  readonly wire?: { readonly row: number; readonly label: string };
  /** What stands below the box. */
  readonly caption: string;
}

/** Draws the boxes from left to right. */
export function drawBoxes(boxes: readonly Box[]): string {
  const height = Math.max(...boxes.map((box) => box.rows.length));
  const lines = Array.from({ length: height + 4 }, () => "");
  for (const box of boxes) {
    const width = Math.max(box.title.length, box.caption.length, ...box.rows.map((row) => row.length));
    const border = `+${"-".repeat(width + 2)}+`;
    const cells = [box.title, ...Array.from({ length: height }, (_, row) => box.rows[row] ?? "")];
    const column = [
      border,
      ...cells.map((cell) => `| ${cell.padEnd(width)} |`),
      border,
      `  ${box.caption.padEnd(width)}  `,
    ];
    const wireWidth = box.wire === undefined ? 0 : box.wire.label.length + 2;
    for (const [index, text] of column.entries()) {
      // Above the rows stand the upper border and the title.
      const row = index - 2;
      let gap = " ".repeat(wireWidth);
      if (box.wire !== undefined && row === box.wire.row) gap = "-".repeat(wireWidth);
      if (box.wire !== undefined && row === box.wire.row - 1) gap = ` ${box.wire.label} `;
      lines[index] += text + gap;
    }
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}
