/**
 * The processor's preference for the thread that carries packets.
 *
 * @module
 */
import { platform } from "../platform.ts";
import { linuxLibc } from "./libc_linux.ts";

/** sys/resource.h: the second argument is a process, or on Linux a thread; 0 is the caller. */
const PRIO_PROCESS = 0;
/** The nice value of the packet thread. 0 is everybody's, -20 the strongest (setpriority(2)). */
export const PACKET_THREAD_NICE = -10;

/**
 * Lets the calling thread run before others when both want the processor. A packet waits for milliseconds otherwise, whenever
 * another thread has just begun its time slice. Without the right to it (CAP_SYS_NICE) the thread stays as it is. Linux only:
 * on macOS the nice value belongs to the whole process.
 */
export function preferPacketThread(): void {
  if (platform.os === "linux") linuxLibc().setpriority(PRIO_PROCESS, 0, PACKET_THREAD_NICE);
}
