import { type Cell, RECOVERY_LIMIT } from "../cell.ts";
import { daemonCells } from "./daemon_cells.ts";

/** The server on the desktop. */
export const SERVER_CELLS: readonly Cell[] = [
  ...daemonCells({
    victim: "server",
    seenFrom: "desktop",
    daemon: (lab) => lab.server,
    clock: (lab) => lab.clocks?.server,
    disks: (lab) => lab.disks?.server,
  }),
  {
    victim: "server",
    fault: "address change",
    shortPath: "udp",
    how: "the desktop's address on the link is replaced, and its name leads to the new one",
    holdMs: { long: 0, short: 0 },
    limitMs: RECOVERY_LIMIT,
    make: () => Promise.resolve(),
    end: (lab) => lab.moveDesktop("away"),
    restore: (lab) => lab.moveDesktop("back"),
  },
];
