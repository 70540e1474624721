/**
 * How much memory a process holds.
 *
 * @module
 */

/** Its resident memory in octets: VmRSS of /proc/PID/status (proc_pid_status(5)). */
export async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
