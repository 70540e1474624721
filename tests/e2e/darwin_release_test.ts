/** What is released has no way to the doubles of macOS. */
import assert from "node:assert/strict";
import { DARWIN_SERVER, DOUBLE_FOLDER, ensureDarwinDouble } from "../../tools/darwin_double.ts";
import { ROOT_FOLDER } from "../../tools/freshness.ts";
import { PROGRAMS } from "../../tools/programs.ts";
import { DARWIN_NEEDS, topologyTest } from "../topology/gate.ts";

/** Whether a file holds a text. */
async function holds(path: string, text: string): Promise<boolean> {
  const bytes = await Deno.readFile(path);
  const wanted = new TextEncoder().encode(text);
  for (let at = bytes.indexOf(wanted[0] ?? 0); at >= 0; at = bytes.indexOf(wanted[0] ?? 0, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}

topologyTest("no released program names the doubles of macOS or takes another system's side", async (t) => {
  await ensureDarwinDouble();
  await t.step("the test's program is recognised", async () => {
    assert.ok(await holds(DARWIN_SERVER, DOUBLE_FOLDER));
  });
  for (const { binary } of PROGRAMS) {
    await t.step(binary, async () => {
      const path = `${ROOT_FOLDER}dist/${binary}`;
      assert.equal(await holds(path, DOUBLE_FOLDER), false);
      assert.equal(await holds(path, "dist/test"), false);
    });
  }
}, DARWIN_NEEDS);
