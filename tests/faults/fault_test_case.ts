/**
 * The fault matrix in its short form: each cell once, on one of the two paths.
 *
 * @module
 */
import assert from "node:assert/strict";
import { topologyTest } from "../topology/gate.ts";
import type { Cell } from "./cell.ts";
import { Lab, LAB_NEEDS, type LabPath } from "./lab.ts";
import { CELLS } from "./matrix.ts";
import { runCell, shortcomings } from "./run_cell.ts";

/** The path on which a cell is run: the paths take turns. */
function pathOf(cell: Cell): LabPath {
  return cell.path ?? cell.shortPath ?? (CELLS.indexOf(cell) % 2 === 0 ? "udp" : "engine");
}

/** Registers a test of the cells of one path, with set clocks and full file systems or without. */
export function faultsTest(path: LabPath, hasClocksAndDisks: boolean): void {
  const cells = CELLS.filter((cell) =>
    pathOf(cell) === path && (cell.traits?.hasClocksAndDisks === true) === hasClocksAndDisks
  );
  const what = hasClocksAndDisks ? "of clocks and file systems" : "of processes, links and the Engine";
  topologyTest(`faults ${what} on the ${path} path`, async (t) => {
    await using lab = await Lab.start(path, { hasClocksAndDisks });
    const times: string[] = [];
    const step = (name: string, body: () => Promise<void>) =>
      t.step(name, async () => {
        try {
          await body();
        } catch (error) {
          if (error instanceof Error) error.message += `\n${await lab.transcript()}`;
          throw error;
        }
      });
    for (const cell of cells) {
      await step(`${cell.victim}, ${cell.fault}: ${cell.how}`, async () => {
        await lab.waitUp();
        const run = await runCell(lab, cell, "short");
        times.push(
          `${cell.victim}, ${cell.fault}: ${run.recoveryMs} ms, without an answer ${run.outageMs} ms`,
        );
        assert.deepEqual(shortcomings(cell, run, "short"), []);
      });
    }
    await step("and after a clean stop all is as before", async () => {
      await lab.waitUp();
      assert.deepEqual(await lab.stop(), []);
    });
    console.log(times.map((line) => `  ${line}`).join("\n"));
  }, LAB_NEEDS);
}
