import { mustRun } from "../../topology/process.ts";
import { waitUntil } from "../../topology/wait.ts";
import { type Cell, ENGINE_LIMIT } from "../cell.ts";
import { liftDescriptors, NoDescriptors } from "../descriptors.ts";
import type { Lab } from "../lab.ts";
import { HOLD, SLEEP } from "./times.ts";

const ENGINE = { victim: "Engine", limitMs: ENGINE_LIMIT } as const;
const RESTARTED = { endsTransfer: "the Engine starts its containers again", endsContainer: true } as const;
/** The socket is away this long. */
const AWAY = { long: 4_000, short: 1_000 } as const;

/** Processes of the Engine: dockerd and containerd. */
async function enginePids({ network: { vm } }: Lab): Promise<number[]> {
  const pids = (await mustRun(["ip", "netns", "pids", vm.name])).split("\n").filter((pid) => pid !== "");
  const names = await Promise.all(
    pids.map((pid) => Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "")),
  );
  return pids.filter((_, index) => /^(dockerd|containerd)$/.test(names[index]?.trim() ?? "")).map(Number);
}

/** Waits until it answers; the time of that. */
async function answersAt(lab: Lab): Promise<number> {
  const { engine } = lab.scene.machine;
  await waitUntil(
    "the Engine answers",
    () => engine.request("GET", "/version").catch(() => undefined),
    30_000,
  );
  return Date.now();
}

/** The Docker Engine: its processes and its socket. */
export const ENGINE_CELLS: readonly Cell[] = [
  {
    ...ENGINE,
    fault: "kill -9",
    how: "SIGKILL of dockerd, and started again",
    holdMs: { long: 0, short: 0 },
    ...RESTARTED,
    make: (lab) => lab.scene.machine.engine.kill(),
    end: (lab) => lab.scene.machine.engine.start(),
  },
  {
    ...ENGINE,
    fault: "restart",
    how: "SIGTERM of dockerd, and started again",
    holdMs: { long: 0, short: 0 },
    ...RESTARTED,
    make: (lab) => lab.scene.machine.engine.stop(),
    end: (lab) => lab.scene.machine.engine.start(),
  },
  {
    ...ENGINE,
    fault: "sleep",
    how: "SIGSTOP of dockerd and containerd for 90 s",
    holdMs: SLEEP,
    make: async (lab) => {
      for (const pid of await enginePids(lab)) Deno.kill(pid, "SIGSTOP");
    },
    end: async (lab) => {
      for (const pid of await enginePids(lab)) Deno.kill(pid, "SIGCONT");
      return await answersAt(lab);
    },
  },
  {
    ...ENGINE,
    fault: "address change",
    how: "its socket is moved away while the engine path's stream is cut, and back",
    holdMs: AWAY,
    make: async (lab) => {
      const { socket } = lab.scene.machine.engine;
      await Deno.rename(socket, `${socket}.away`);
      await lab.cutStream();
    },
    end: async ({ scene }) => {
      const { socket } = scene.machine.engine;
      await Deno.rename(`${socket}.away`, socket);
    },
  },
  {
    ...ENGINE,
    fault: "no descriptors",
    how: "RLIMIT_NOFILE of dockerd and containerd lowered, the client's container killed, and raised again",
    holdMs: HOLD,
    make: async (lab) => {
      const client = await lab.clientPid();
      const pids = await enginePids(lab);
      lab.causes.exhausted = await Promise.all(pids.map((pid) => NoDescriptors.impose(pid)));
      Deno.kill(client, "SIGKILL");
    },
    end: liftDescriptors,
  },
];
