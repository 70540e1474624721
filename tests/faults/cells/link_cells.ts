import { SERVER_PORT } from "../../topology/tunnel.ts";
import { type Cell, RECOVERY_LIMIT } from "../cell.ts";
import type { Lab } from "../lab.ts";

const HOLD = { long: 8_000, short: 3_000 } as const;
const LINK = { victim: "link", fault: "down and up", holdMs: HOLD, limitMs: RECOVERY_LIMIT } as const;

/** Lets no datagram of the tunnel in or out of the desktop, or all again. */
async function dropUdp({ network: { mac } }: Lab, drops: boolean): Promise<void> {
  for (const [chain, port] of [["INPUT", "--dport"], ["OUTPUT", "--sport"]] as const) {
    await mac.exec([
      "iptables",
      drops ? "-A" : "-D",
      chain,
      "-p",
      "udp",
      port,
      `${SERVER_PORT}`,
      "-j",
      "DROP",
    ]);
  }
}

/** Links and paths. */
export const LINK_CELLS: readonly Cell[] = [
  {
    ...LINK,
    how: "the desktop's link to the Docker machine set down, and up",
    make: async ({ network: { mac } }) => void await mac.ip("link", "set", "eth0", "down"),
    end: async ({ network: { mac } }) => void await mac.ip("link", "set", "eth0", "up"),
  },
  {
    ...LINK,
    how: "the teammate's link set down, and up",
    seenFrom: "teammate",
    make: async ({ lan: { namespace } }) => void await namespace.ip("link", "set", "eth0", "down"),
    end: async ({ lan: { namespace } }) => void await namespace.ip("link", "set", "eth0", "up"),
  },
  {
    victim: "path",
    fault: "down and up",
    how: "every datagram of the tunnel dropped at the desktop, and let through",
    path: "udp",
    holdMs: HOLD,
    limitMs: RECOVERY_LIMIT,
    make: (lab) => dropUdp(lab, true),
    end: (lab) => dropUdp(lab, false),
  },
  {
    victim: "path",
    fault: "kill -9",
    how: "SIGKILL of `attach`, which holds the stream",
    path: "engine",
    holdMs: { long: 0, short: 0 },
    limitMs: RECOVERY_LIMIT,
    make: () => Promise.resolve(),
    end: (lab) => lab.cutStream(),
  },
];
