/**
 * The fault matrix: every cell, and those that make no sense.
 *
 * @module
 */
import { ACCESSOR_CELLS } from "./cells/accessor_cells.ts";
import { CLIENT_CELLS } from "./cells/client_cells.ts";
import { ENGINE_CELLS } from "./cells/engine_cells.ts";
import { LINK_CELLS } from "./cells/link_cells.ts";
import { NETWORK_CELLS } from "./cells/network_cells.ts";
import { SERVER_CELLS } from "./cells/server_cells.ts";
import type { Cell, EmptyCell } from "./cell.ts";

/** The cells that are run. */
export const CELLS: readonly Cell[] = [
  ...SERVER_CELLS,
  ...CLIENT_CELLS,
  ...ACCESSOR_CELLS,
  ...ENGINE_CELLS,
  ...NETWORK_CELLS,
  ...LINK_CELLS,
];

/** What only a program, or a folder of files, can have. */
const OF_A_PROGRAM = [
  "full disk",
  "read-only",
  "no descriptors",
  "memory limit",
  "clock +1 day",
  "clock -1 day",
] as const;
const NO_PROGRAM = "it is neither a program nor a file";

/** The cells that are not. */
export const EMPTY_CELLS: readonly EmptyCell[] = [
  { victim: "server", faults: ["down and up"], reason: "that is the row link" },
  { victim: "server", faults: ["memory limit"], reason: "it is in no container" },
  { victim: "client", faults: ["down and up"], reason: "that is the row link" },
  { victim: "accessor", faults: ["down and up"], reason: "that is the second cell of the row link" },
  { victim: "accessor", faults: ["memory limit"], reason: "it is in no container" },
  { victim: "Engine", faults: ["down and up"], reason: "it has no link, its socket is a file" },
  {
    victim: "Engine",
    faults: ["full disk", "read-only"],
    reason: "the files are its own; the tunnel sees an Engine that refuses, as in the cell no descriptors",
  },
  {
    victim: "Engine",
    faults: ["memory limit"],
    reason: "it is in no container; its end is the cell kill -9",
  },
  {
    victim: "Engine",
    faults: ["clock +1 day", "clock -1 day"],
    reason: "its clock is that of its machine, as the client's is",
  },
  { victim: "container network", faults: ["kill -9", "sleep", ...OF_A_PROGRAM], reason: NO_PROGRAM },
  { victim: "link", faults: ["kill -9", "sleep", "restart", ...OF_A_PROGRAM], reason: NO_PROGRAM },
  {
    victim: "link",
    faults: ["address change"],
    reason: "those of its ends are in the rows server and client",
  },
  {
    victim: "path",
    faults: ["sleep", "restart", "address change"],
    reason: "those of its ends are in the rows server, client and Engine",
  },
  { victim: "path", faults: OF_A_PROGRAM, reason: NO_PROGRAM },
];
