/**
 * What /proc tells of processes and network namespaces.
 *
 * @module
 */
import type { Namespace } from "../tests/topology/namespace.ts";

/** Clock ticks a second in /proc/PID/stat: USER_HZ, 100 on x86_64 and arm64 (proc(5), sysconf(_SC_CLK_TCK)). */
const TICKS_PER_SECOND = 100;

/** The largest socket buffer that is asked for, in bytes: 10,000 small datagrams in the kernel's own accounting. */
const LARGEST_BUFFER = 4 * 1024 * 1024;

/** Seconds of processor time, user and system, from the text of /proc/PID/stat. */
export function parseProcessorTime(stat: string): number {
  // The second field, the name in parentheses, may hold spaces and parentheses itself; utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (Number.isNaN(ticks)) throw new Error(`Cannot read processor time from: ${stat}`);
  return ticks / TICKS_PER_SECOND;
}

/** Bytes of resident memory from the text of /proc/PID/status. */
export function parseResidentMemory(status: string): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`Cannot read VmRSS from: ${status}`);
  return Number(kibibytes) * 1024;
}

/** What the threads of a process have done so far. */
export interface Activity {
  /** On a processor. */
  readonly nanoseconds: number;
  /** How often one of them waited and was woken: voluntary context switches (proc_pid_status(5)). */
  readonly switches: number;
}

/** A thread's activity from the texts of its /proc/PID/task/TID/schedstat and status. */
export function parseActivity(schedstat: string, status: string): Activity {
  const nanoseconds = Number(schedstat.split(" ")[0]);
  const switches = Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
  if (Number.isNaN(nanoseconds + switches)) {
    throw new Error(`Cannot read activity from: ${schedstat}${status}`);
  }
  return { nanoseconds, switches };
}

/** Datagrams dropped because their socket had no room, from the text of /proc/net/snmp. */
export function parseRoomlessDatagrams(snmp: string): number {
  const [names, values] = snmp.split("\n").filter((line) => line.startsWith("Udp: "))
    .map((line) => line.split(" "));
  const roomless = Number(values?.[names?.indexOf("RcvbufErrors") ?? -1]);
  if (Number.isNaN(roomless)) throw new Error(`Cannot read UDP counters from: ${snmp}`);
  return roomless;
}

/** Bytes that an interface has received, from the text of /proc/net/dev. */
export function parseReceivedBytes(table: string, link: string): number {
  const line = table.split("\n").map((text) => text.trim()).find((text) => text.startsWith(`${link}:`));
  const bytes = Number(line?.slice(link.length + 1).trim().split(/\s+/)[0]);
  if (Number.isNaN(bytes)) throw new Error(`Cannot read the counters of ${link} from: ${table}`);
  return bytes;
}

/** Seconds of processor time that a process has used, its ended threads included. */
export async function processorTime(pid: number): Promise<number> {
  return parseProcessorTime(await Deno.readTextFile(`/proc/${pid}/stat`));
}

/** What the threads that a process has now have done so far, by thread and name, such as "17 docker-connecto". */
export async function threadActivity(pid: number): Promise<Map<string, Activity>> {
  const threads = new Map<string, Activity>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const files = ["schedstat", "status", "comm"].map((file) => `/proc/${pid}/task/${name}/${file}`);
    // A thread that has ended since is left out.
    const texts = await Promise.all(files.map((file) => Deno.readTextFile(file))).catch(() => []);
    const [schedstat, status, comm] = texts;
    if (schedstat === undefined || status === undefined || comm === undefined) continue;
    threads.set(`${name} ${comm.trim()}`, parseActivity(schedstat, status));
  }
  return threads;
}

/** Bytes of a process's resident memory. */
export async function processMemory(pid: number): Promise<number> {
  return parseResidentMemory(await Deno.readTextFile(`/proc/${pid}/status`));
}

/** Datagrams that the sockets of a namespace had no room for since it was made. */
export async function roomlessDatagrams(namespace: Namespace): Promise<number> {
  return parseRoomlessDatagrams(await namespace.exec(["cat", "/proc/net/snmp"]));
}

/** The largest socket buffer in bytes that a program may ask for here in both directions. */
export async function socketBufferLimit(): Promise<number> {
  const limits = await Promise.all(
    ["rmem_max", "wmem_max"].map((name) => Deno.readTextFile(`/proc/sys/net/core/${name}`)),
  );
  return Math.min(LARGEST_BUFFER, ...limits.map(Number));
}
