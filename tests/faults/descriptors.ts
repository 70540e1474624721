/**
 * Takes every free descriptor from a running process, by its limit: prlimit(1), RLIMIT_NOFILE of getrlimit(2).
 *
 * @module
 */
import { mustRun } from "../topology/process.ts";
import type { Lab } from "./lab.ts";

/** A process without a free descriptor. */
export class NoDescriptors {
  private constructor(readonly pid: number, readonly former: string) {}

  /** Lowers the limit to the first free number. */
  static async impose(pid: number): Promise<NoDescriptors> {
    const open = new Set(Array.from(Deno.readDirSync(`/proc/${pid}/fd`), ({ name }) => Number(name)));
    let free = 0;
    while (open.has(free)) free++;
    const columns = ["--output", "SOFT,HARD", "--noheadings"];
    const limits = await mustRun(["prlimit", "--pid", `${pid}`, "--nofile", ...columns]);
    const former = limits.trim().split(/\s+/).join(":");
    await mustRun(["prlimit", "--pid", `${pid}`, `--nofile=${free}:${former.split(":")[1]}`]);
    return new NoDescriptors(pid, former);
  }

  /** Sets the former limit again. */
  async lift(): Promise<void> {
    await mustRun(["prlimit", "--pid", `${this.pid}`, `--nofile=${this.former}`]);
  }
}

/** Ends what was imposed on processes of a lab. */
export async function liftDescriptors({ causes }: Lab): Promise<void> {
  for (const each of causes.exhausted) await each.lift();
}
