/**
 * Puts the values of command-line flags in the place of the file's.
 *
 * @module
 */
import type { Prefix } from "../net/prefix.ts";
import { MTU_BOUNDS, type Overrides } from "./config.ts";
import type { Draft } from "./draft.ts";
import type { FaultList } from "./diagnostic.ts";
import { virtualNetworkProblem } from "./virtual_network.ts";

const FLAG_PLACE = { line: 0, column: 0 } as const;

/** Writes the flags' values into the draft. One that is not fit is a fault of its flag and removes the file's value. */
export function applyOverrides({ addr, host, port, mtu }: Overrides, draft: Draft, faults: FaultList): void {
  if (addr !== undefined) {
    delete draft.addr;
    const unfit = addrProblem(addr);
    if (unfit === undefined) draft.addr = { value: addr, ...FLAG_PLACE };
    else faults.addFlag("--addr", unfit);
  }
  if (host !== undefined) draft.host = { value: host, ...FLAG_PLACE };
  if (port !== undefined) {
    draft.port = { value: port, ...FLAG_PLACE };
    if (!isWithin(port, 1, 65_535)) {
      faults.addFlag("--port", `${port} is no port; expected a number from 1 to 65535`);
    }
  }
  if (mtu !== undefined) {
    draft.mtu = { value: mtu, ...FLAG_PLACE };
    const { least, most } = MTU_BOUNDS;
    if (!isWithin(mtu, least, most)) {
      faults.addFlag("--mtu", `${mtu} is no MTU; expected a number of bytes from ${least} to ${most}`);
    }
  }
}

function addrProblem(addr: Prefix): string | undefined {
  return addr.address.family === 4 ? virtualNetworkProblem(addr) : "this is IPv6; expected an IPv4 network";
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
