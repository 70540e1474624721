import assert from "node:assert/strict";
import { drawBoxes } from "./drawing.ts";

Deno.test("boxes stand level and wires join the rows they name", () => {
  const picture = drawBoxes([
    { title: "left", rows: ["a 1", "b 22222"], wire: { row: 1, label: "UDP" }, caption: "one" },
    { title: "right", rows: ["c", "d"], caption: "two" },
  ]);
  assert.equal(
    picture,
    [
      "+---------+     +-------+",
      "| left    |     | right |",
      "| a 1     | UDP | c     |",
      "| b 22222 |-----| d     |",
      "+---------+     +-------+",
      "  one             two",
    ].join("\n"),
  );
});
