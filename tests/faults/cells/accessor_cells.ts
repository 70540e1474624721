import { type Cell, RECOVERY_LIMIT } from "../cell.ts";
import { daemonCells } from "./daemon_cells.ts";

const OTHER_ADDRESS = "10.78.0.99";

/** The accessor on a teammate's machine. */
export const ACCESSOR_CELLS: readonly Cell[] = [
  ...daemonCells({
    victim: "accessor",
    seenFrom: "teammate",
    daemon: (lab) => lab.accessor,
    clock: (lab) => lab.clocks?.accessor,
    disks: (lab) => lab.disks?.accessor,
  }),
  {
    victim: "accessor",
    fault: "address change",
    how: "the teammate's address in the local network is replaced",
    seenFrom: "teammate",
    holdMs: { long: 0, short: 0 },
    limitMs: RECOVERY_LIMIT,
    make: () => Promise.resolve(),
    end: async ({ lan: { namespace, address } }) => {
      await namespace.ip("addr", "del", `${address}/24`, "dev", "eth0");
      await namespace.ip("addr", "add", `${OTHER_ADDRESS}/24`, "dev", "eth0");
    },
    restore: async ({ lan: { namespace, address } }) => {
      await namespace.ip("addr", "del", `${OTHER_ADDRESS}/24`, "dev", "eth0");
      await namespace.ip("addr", "add", `${address}/24`, "dev", "eth0");
    },
  },
];
