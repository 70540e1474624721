/**
 * What server and accessor have in common: each is one process on a machine of a user's.
 *
 * @module
 */
import type { AccessorStatus, ServerStatus } from "../../topology/control_socket.ts";
import type { Daemon } from "../../topology/daemon.ts";
import type { ProgramClock } from "../../topology/machine_stop.ts";
import { type Cell, RECOVERY_LIMIT } from "../cell.ts";
import { liftDescriptors, NoDescriptors } from "../descriptors.ts";
import type { Lab, ProgramDisks } from "../lab.ts";
import { BEHIND, clockJump, CONTROLLED, DAY, HOLD, SLEEP } from "./times.ts";

/** Which of the two programs, and what a lab has of it. */
interface DaemonOf {
  readonly victim: "server" | "accessor";
  readonly seenFrom: "desktop" | "teammate";
  daemon(lab: Lab): Daemon<ServerStatus> | Daemon<AccessorStatus>;
  clock(lab: Lab): ProgramClock | undefined;
  disks(lab: Lab): ProgramDisks | undefined;
}

/** Cells of one process. */
export function daemonCells(of: DaemonOf): Cell[] {
  const { victim, seenFrom } = of;
  const common = { victim, seenFrom, limitMs: RECOVERY_LIMIT } as const;
  const clock = (lab: Lab) => of.clock(lab) ?? fail("clock");
  const disks = (lab: Lab) => of.disks(lab) ?? fail("disk");
  const jump = (sign: 1 | -1): Cell => {
    return {
      ...common,
      ...clockJump(sign),
      make: async (lab) => {
        await clock(lab).set(sign * DAY);
        lab.causes.jumpedAt = Date.now();
      },
      restore: async (lab) => {
        await clock(lab).set(0);
        if (victim !== "accessor" || sign < 0) return;
        // It has proved itself by a time of tomorrow, and goes on from there while it runs. Once it is started again its own time
        // looks replayed to the server, as to each WireGuard peer (whitepaper section 5.1), until that is started again too.
        await lab.accessor.stop();
        await lab.server.stop();
        lab.server.start();
      },
    };
  };
  return [
    {
      ...common,
      fault: "kill -9",
      how: "SIGKILL, and started again",
      holdMs: { long: 0, short: 0 },
      make: (lab) => of.daemon(lab).kill(),
      end: (lab) => Promise.resolve(of.daemon(lab).start()),
    },
    {
      ...common,
      fault: "restart",
      how: "SIGTERM, and started again",
      holdMs: { long: 0, short: 0 },
      make: async (lab) => void await of.daemon(lab).stop(),
      end: (lab) => Promise.resolve(of.daemon(lab).start()),
    },
    {
      ...common,
      fault: "no descriptors",
      how: "RLIMIT_NOFILE lowered to its first free descriptor, and raised again",
      holdMs: HOLD,
      make: async (lab) => {
        lab.causes.exhausted = [await NoDescriptors.impose(of.daemon(lab).process.pid)];
      },
      end: liftDescriptors,
    },
    {
      ...common,
      fault: "sleep",
      how: "SIGSTOP for 90 s, and its clock stays 90 s behind",
      traits: CONTROLLED,
      shows: "clock.skew",
      holdMs: SLEEP,
      make: (lab) => Promise.resolve(of.daemon(lab).process.signal("SIGSTOP")),
      end: async (lab) => {
        await clock(lab).set(-BEHIND);
        of.daemon(lab).process.signal("SIGCONT");
      },
      restore: (lab) => clock(lab).set(0),
    },
    jump(1),
    jump(-1),
    {
      ...common,
      fault: "full disk",
      how: "no free page where its log, socket and config file are, restarted, and space again",
      traits: CONTROLLED,
      holdMs: HOLD,
      make: async (lab) => {
        await disks(lab).state.fill();
        await disks(lab).log.fill();
        await of.daemon(lab).stop();
        of.daemon(lab).start();
      },
      end: async (lab) => {
        await disks(lab).state.free();
        await disks(lab).log.free();
      },
    },
    {
      ...common,
      fault: "read-only",
      how: "where its socket and config file are is remounted read-only, restarted, and writable again",
      traits: CONTROLLED,
      holdMs: HOLD,
      make: async (lab) => {
        await disks(lab).state.setReadOnly(true);
        await of.daemon(lab).stop();
        of.daemon(lab).start();
      },
      end: (lab) => disks(lab).state.setReadOnly(false),
    },
  ];
}

function fail(what: string): never {
  throw new RangeError(`The lab has no ${what}`);
}
