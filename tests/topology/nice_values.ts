/**
 * How the processor prefers the threads of a process.
 *
 * @module
 */

/** A thread's name and nice value. */
export interface ThreadNice {
  readonly name: string;
  readonly nice: number;
}

/** Those of all threads: fields 2 and 19 of /proc/PID/task/TID/stat (proc_pid_stat(5)). */
export async function niceValues(pid: number): Promise<ThreadNice[]> {
  const threads: ThreadNice[] = [];
  for await (const { name: thread } of Deno.readDir(`/proc/${pid}/task`)) {
    const stat = await Deno.readTextFile(`/proc/${pid}/task/${thread}/stat`);
    const end = stat.lastIndexOf(")");
    // The first field after the name is the third.
    threads.push({
      name: stat.slice(stat.indexOf("(") + 1, end),
      nice: Number(stat.slice(end + 2).split(" ")[19 - 3]),
    });
  }
  return threads;
}
