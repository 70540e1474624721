/**
 * The memory limit of the client's container, and a program beside the client that uses up what is left of it.
 *
 * @module
 */
import { CLIENT_CONTAINER } from "../topology/engine_scene.ts";
import { run } from "../topology/process.ts";
import { waitUntil } from "../topology/wait.ts";
import type { Lab } from "./lab.ts";

const MEBIBYTE = 1 << 20;
/** Bytes above the use of the moment, with which the client runs. */
const SPARE = 24 * MEBIBYTE;
/** Bytes with which it also starts. */
const ENOUGH = 1024 * MEBIBYTE;

/** A limited container. */
export class ContainerMemory {
  private constructor(readonly folder: string) {}

  /** Limits the client's container to a little more than it uses. */
  static async limit(lab: Lab): Promise<ContainerMemory> {
    const { folder, use } = await memoryGroup(await lab.clientPid());
    await setLimit(lab, Number(await Deno.readTextFile(`${folder}/${use}`)) + SPARE);
    return new ContainerMemory(folder);
  }

  /** Raises the limit to what is enough, as soon as the Engine takes it, which it does not while the container starts or ends. */
  async raise(lab: Lab): Promise<void> {
    await waitUntil("the limit is raised", () => setLimit(lab, ENOUGH).then(() => true, () => false));
  }

  /** Takes, as a process of the container, more memory than the limit leaves: the kernel ends the largest process, the client. */
  async exhaust(): Promise<void> {
    const script = 'echo $$ >"$1/cgroup.procs" && exec dd if=/dev/zero of=/dev/null bs=256M count=1';
    await run(["sh", "-c", script, "sh", this.folder]);
  }
}

async function setLimit({ scene }: Lab, bytes: number): Promise<void> {
  await scene.docker(`update --memory ${bytes} --memory-swap ${bytes} ${CLIENT_CONTAINER}`);
}

/** The folder of a process's memory controller, of either version of control groups, and the file of its use in bytes. */
async function memoryGroup(pid: number): Promise<{ readonly folder: string; readonly use: string }> {
  const lines = (await Deno.readTextFile(`/proc/${pid}/cgroup`)).split("\n").map((line) => line.split(":"));
  const first = lines.find(([, controllers]) => controllers?.split(",").includes("memory"));
  if (first !== undefined) {
    return { folder: `/sys/fs/cgroup/memory${first[2]}`, use: "memory.usage_in_bytes" };
  }
  const second = lines.find(([number]) => number === "0");
  return { folder: `/sys/fs/cgroup${second?.[2]}`, use: "memory.current" };
}
