import { mustRun } from "../../topology/process.ts";
import { waitUntil } from "../../topology/wait.ts";
import { setClientClock } from "../clocked_image.ts";
import { type Cell, RECOVERY_LIMIT } from "../cell.ts";
import { ContainerMemory } from "../container_memory.ts";
import { liftDescriptors, NoDescriptors } from "../descriptors.ts";
import { BEHIND, clockJump, CONTROLLED, DAY, HOLD, SLEEP } from "./times.ts";

const CLIENT = { victim: "client", limitMs: RECOVERY_LIMIT } as const;
const AT_ONCE = { long: 0, short: 0 } as const;

function nothing(): Promise<void> {
  return Promise.resolve();
}

function jump(sign: 1 | -1): Cell {
  return {
    ...CLIENT,
    ...clockJump(sign),
    make: async (lab) => {
      await setClientClock(await lab.clientPid(), sign * DAY);
      lab.causes.jumpedAt = Date.now();
    },
    restore: async (lab) => await setClientClock(await lab.clientPid(), 0),
  };
}

/** The client in its container, which the server starts again. */
export const CLIENT_CELLS: readonly Cell[] = [
  {
    ...CLIENT,
    fault: "kill -9",
    how: "SIGKILL in its container",
    holdMs: AT_ONCE,
    make: nothing,
    end: async (lab) => Deno.kill(await lab.clientPid(), "SIGKILL"),
  },
  {
    ...CLIENT,
    fault: "restart",
    how: "`docker restart`, until it returns",
    holdMs: AT_ONCE,
    make: async (lab) => void await lab.scene.docker("restart mac-connector"),
    end: nothing,
  },
  {
    ...CLIENT,
    fault: "sleep",
    how: "SIGSTOP of all in its container for 90 s, and its clock stays 90 s behind",
    traits: CONTROLLED,
    shows: "clock.skew",
    holdMs: SLEEP,
    make: async (lab) => {
      for (const pid of await lab.clientPids()) Deno.kill(pid, "SIGSTOP");
    },
    end: async (lab) => {
      await setClientClock(await lab.clientPid(), -BEHIND);
      for (const pid of await lab.clientPids()) Deno.kill(pid, "SIGCONT");
    },
    restore: async (lab) => await setClientClock(await lab.clientPid(), 0),
  },
  {
    ...CLIENT,
    fault: "address change",
    shortPath: "udp",
    how: "the Docker machine's address on the link is replaced",
    holdMs: AT_ONCE,
    make: nothing,
    end: (lab) => lab.moveMachine("away"),
    restore: (lab) => lab.moveMachine("back"),
  },
  {
    ...CLIENT,
    fault: "full disk",
    how: "no free page in its /run, the engine path's stream cut, and space again",
    holdMs: HOLD,
    make: async (lab) => {
      const pid = await lab.clientPid();
      await mustRun(["mount", "-N", `${pid}`, "-o", "remount,size=64k", "/run"]);
      await Deno.writeFile(`/proc/${pid}/root/run/filler`, new Uint8Array(1 << 17)).catch(() => {});
      await lab.cutStream();
    },
    end: async (lab) => {
      const pid = await lab.clientPid();
      await Deno.remove(`/proc/${pid}/root/run/filler`).catch(() => {});
      await mustRun(["mount", "-N", `${pid}`, "-o", "remount,size=50%", "/run"]);
    },
  },
  {
    ...CLIENT,
    fault: "read-only",
    how: "its /run remounted read-only, the engine path's stream cut, and writable again",
    holdMs: HOLD,
    make: async (lab) => {
      await mustRun(["mount", "-N", `${await lab.clientPid()}`, "-o", "remount,ro", "/run"]);
      await lab.cutStream();
    },
    end: async (lab) =>
      void await mustRun(["mount", "-N", `${await lab.clientPid()}`, "-o", "remount,rw", "/run"]),
  },
  {
    ...CLIENT,
    fault: "no descriptors",
    how: "RLIMIT_NOFILE lowered to its first free descriptor, the engine path's stream cut, and raised again",
    holdMs: HOLD,
    make: async (lab) => {
      lab.causes.exhausted = [await NoDescriptors.impose(await lab.clientPid())];
      await lab.cutStream();
    },
    end: liftDescriptors,
  },
  {
    ...CLIENT,
    fault: "memory limit",
    how:
      "`docker update --memory` a little above its use, the kernel ends it for lack of memory, and more again",
    holdMs: AT_ONCE,
    make: async (lab) => {
      lab.causes.memory = await ContainerMemory.limit(lab);
    },
    end: async (lab) => {
      const pid = await lab.clientPid();
      await lab.causes.memory?.exhaust();
      await waitUntil(
        "the kernel has ended the client",
        () => Deno.stat(`/proc/${pid}/exe`).then(() => false, () => true),
      );
      await lab.causes.memory?.raise(lab);
    },
    // Its limit goes with the container.
    restore: async (lab) => void await lab.scene.docker("rm --force mac-connector"),
  },
  jump(1),
  jump(-1),
];
