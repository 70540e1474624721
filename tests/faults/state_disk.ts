/**
 * A small file system of a program's own, for its control socket, its files and its log.
 *
 * @module
 */
import { mustRun, run } from "../topology/process.ts";

/** Bytes of it: four pages of files, and room for the log of a few starts. */
const SIZE = 256 * 1024;

/** A mounted tmpfs in the scratch folder of a topology, with which the Reaper unmounts it. */
export class StateDisk {
  private constructor(readonly folder: string) {}

  /** @param folder to make */
  static async mount(folder: string): Promise<StateDisk> {
    await Deno.mkdir(folder);
    await mustRun(["mount", "-t", "tmpfs", "-o", `size=${SIZE},mode=755`, "faults", folder]);
    return new StateDisk(folder);
  }

  /** Leaves no free page. */
  async fill(): Promise<void> {
    // It ends at the last free byte, with an error.
    await run(["dd", "if=/dev/zero", `of=${this.#filler}`, "bs=4096", `count=${SIZE / 4096}`]);
  }

  /** Gives the space back. */
  async free(): Promise<void> {
    await Deno.remove(this.#filler);
  }

  /** Makes it read-only, or writable again. */
  async setReadOnly(isReadOnly: boolean): Promise<void> {
    await mustRun(["mount", "-o", `remount,${isReadOnly ? "ro" : "rw"}`, this.folder]);
  }

  get #filler(): string {
    return `${this.folder}/filler`;
  }
}
