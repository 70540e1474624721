/**
 * What is sampled: of each program its memory, descriptors, sockets and threads; of the machines rules, routes and addresses.
 *
 * @module
 */
import { mustRun } from "../../tests/topology/process.ts";
import type { SoakScene } from "./scene.ts";
import type { Bound, Sample } from "./verdict.ts";

const MEBIBYTE = 1024;

/** By the end of a number's name: how much more the last third may have than the middle one. */
export const BOUNDS: Readonly<Record<string, Bound>> = {
  // V8 takes and gives back memory in steps of some MiB.
  "MiB": { most: 8, part: 0.1 },
  "descriptors": { most: 4 },
  "sockets": { most: 4 },
  "threads": { most: 2 },
  // Containers, networks and configurations come and go: a few of each are there at one moment or another.
  "rules": { most: 4 },
  "routes": { most: 3 },
  "addresses": { most: 1 },
  "processes": { most: 2 },
};

/** The bound of a number. */
export function boundOf(name: string): Bound | undefined {
  return BOUNDS[name.slice(name.lastIndexOf(" ") + 1)];
}

/** What a process holds; undefined when it is gone. */
async function sampleProcess(name: string, pid: number): Promise<Sample | undefined> {
  try {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const field = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    const links = Array.from(Deno.readDirSync(`/proc/${pid}/fd`), ({ name: descriptor }) => {
      try {
        return Deno.readLinkSync(`/proc/${pid}/fd/${descriptor}`);
      } catch {
        return "";
      }
    });
    return {
      [`${name} MiB`]: field("VmRSS") / MEBIBYTE,
      [`${name} descriptors`]: links.length,
      [`${name} sockets`]: links.filter((link) => link.startsWith("socket:")).length,
      [`${name} threads`]: field("Threads"),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The processes of the client's program in the machine: the client itself, and how many hold a stream open. */
export async function clientProcesses(
  { network: { vm } }: SoakScene,
): Promise<{ client?: number; attached: number }> {
  const pids = (await mustRun(["ip", "netns", "pids", vm.name])).split("\n").filter((pid) => pid !== "");
  let client: number | undefined;
  let attached = 0;
  for (const pid of pids) {
    const words = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    const [program = "", command = ""] = words.split("\0");
    if (!program.endsWith("docker-connector-client")) continue;
    if (command === "attach") attached++;
    // The Engine runs its health check beside it.
    else if (command !== "health") client = Number(pid);
  }
  return client === undefined ? { attached } : { client, attached };
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "").length;

/** Takes a sample. */
export async function takeSample(scene: SoakScene): Promise<Sample> {
  const { network: { mac, vm }, engine, anna } = scene;
  const { client, attached } = await clientProcesses(scene);
  const programs = await Promise.all([
    sampleProcess("server", engine.server.process.pid),
    client === undefined ? undefined : sampleProcess("client", client),
    sampleProcess("accessor", anna.process.pid),
  ]);
  let rules = 0;
  for (const program of ["iptables-nft-save", "ip6tables-nft-save"]) {
    rules += (await vm.run([program])).stdout.split("\n").filter((line) =>
      line.includes("docker-connector")
    ).length;
  }
  const tables = ["route", "show", "table", "all"];
  return {
    ...Object.assign({}, ...programs),
    "machine rules": rules,
    "machine processes": attached,
    "desktop routes": lines(await mac.ip(...tables)) + lines(await mac.ip("-6", ...tables)),
    "desktop addresses": lines(await mac.ip("-o", "addr")),
    "teammate routes": lines(await anna.settings.namespace.ip(...tables)),
  };
}
