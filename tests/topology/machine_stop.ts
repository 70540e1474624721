/**
 * Stops a virtual machine as a sleeping desktop does: nothing in it runs, and afterwards its clock is behind.
 *
 * @module
 */
import { setTimeout as pass } from "node:timers/promises";
import type { Network } from "./network.ts";
import { mustRun } from "./process.ts";

/** Where Debian's package `faketime` puts its library. */
const FAKETIME = "/usr/$LIB/faketime/libfaketime.so.1";

/** What tests with a clock of their own need besides. */
export const CLOCK_NEEDS = { programs: ["faketime"], packages: ["faketime"] } as const;

/** Path of the library on this machine. */
export async function faketimeLibrary(): Promise<string> {
  for await (const { name } of Deno.readDir("/usr/lib")) {
    const path = FAKETIME.replace("$LIB", `lib/${name}`);
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new Error(`Cannot find ${FAKETIME}: install faketime`);
}

/** The environment of a program whose clock is set by a file. */
export function faketimeEnvironment(file: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: FAKETIME,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}

/** The clock of a program, which a test may set back while the program runs. */
export class ProgramClock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @param folder for the file by which it is set */
  static async create(folder: string): Promise<ProgramClock> {
    const clock = new ProgramClock(`${folder}/clock-${crypto.randomUUID().slice(0, 4)}`);
    await clock.set(0);
    return clock;
  }

  /** The environment of the program. */
  get env(): Readonly<Record<string, string>> {
    return faketimeEnvironment(this.#file);
  }

  /** Sets it to so many seconds from the true time. */
  async set(seconds: number): Promise<void> {
    await Deno.writeTextFile(this.#file, `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}s\n`);
  }
}

/**
 * Stops every process of the virtual machine and of its containers with SIGSTOP, and lets them go on.
 *
 * @param milliseconds for how long
 * @param meanwhile what happens just before they go on
 */
export async function stopMachine(
  network: Network,
  milliseconds: number,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const namespaces = [network.vm, ...network.containers.map(({ namespace }) => namespace)];
  const lists = await Promise.all(namespaces.map(({ name }) => mustRun(["ip", "netns", "pids", name])));
  const pids = lists.flatMap((list) => list.split("\n").filter((line) => line !== "").map(Number));
  for (const pid of pids) Deno.kill(pid, "SIGSTOP");
  try {
    await pass(milliseconds);
    await meanwhile();
  } finally {
    for (const pid of pids) Deno.kill(pid, "SIGCONT");
  }
}
