import { sleep } from "../../../core/async/clock.ts";
import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { OperationError } from "../../../core/error.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import type { IpAddress } from "../../../core/net/address.ts";
import { formatEndpoint, parseEndpoint } from "../../../core/net/endpoint.ts";
import { openUdpSocket } from "../../../ffi/udp/udp_socket.ts";
import { SYSTEM_CLOCK } from "../../../system/process/system_clock.ts";
import { reachableAddress } from "../../sharing/reachable_address.ts";
import type { SharingStatus } from "../../status/status_document.ts";
import { askStatus, type Examination } from "../examination.ts";

/** How long datagrams of our own are waited for, and how often is looked, in milliseconds. */
const WAIT = { totalMs: 800, everyMs: 100 } as const;

/** Datagrams that are sent: one may be lost. The server counts them as malformed and answers none. */
const COUNT = 3;

const UNSEEN = "whether a router or a firewall before this machine lets them in cannot be seen from here";

/**
 * The sharing port. Datagrams are sent to it by this machine itself, at an address that others reach it by: that shows rules of
 * its own firewall, except those that are about where a datagram comes from.
 */
export async function checkSharing({ status, control }: Examination): Promise<CheckResult> {
  if (status.value === undefined) return skipped("sharing", "no server was asked");
  const { sharing, interface: { name } } = status.value;
  if (sharing === null) return sound("sharing", "not shared (no expose line)");
  const weak = sharing.weak === 0 ? [] : [fault("sharing.weak-token", { count: sharing.weak })];
  const { listen } = sharing;
  if (sharing.fault !== undefined) {
    return faulty(
      "sharing",
      `UDP ${listen} is not open`,
      fault("sharing.closed", { why: sharing.fault }),
      ...weak,
    );
  }
  const endpoint = parseEndpoint(listen);
  const address = endpoint && await reachableAddress(endpoint.address, name);
  if (endpoint === undefined || address === undefined) {
    return faulty("sharing", `UDP ${listen} is open on the loopback alone`, ...weak);
  }
  const to = { address, port: endpoint.port };
  const seen = await arrives(to, sharing, control);
  if (seen === undefined) return skipped("sharing", `UDP ${listen} is open; it could not be tried`);
  if (seen) {
    return faulty("sharing", `UDP ${listen} is open, datagrams of this machine arrive; ${UNSEEN}`, ...weak);
  }
  const why = `this machine itself cannot reach ${formatEndpoint(to)}`;
  return faulty(
    "sharing",
    `UDP ${listen} is open; ${why}`,
    fault("sharing.blocked", { listen, why }),
    ...weak,
  );
}

async function arrives(
  to: { readonly address: IpAddress; readonly port: number },
  sharing: SharingStatus,
  control: string,
): Promise<boolean | undefined> {
  const dropsOf = ({ drops }: SharingStatus) => Object.values(drops).reduce((sum, count) => sum + count, 0);
  const before = dropsOf(sharing);
  try {
    const any = { family: to.address.family, bytes: new Uint8Array(to.address.bytes.length) };
    using socket = await openUdpSocket({ address: any, port: 0 });
    for (let sent = 0; sent < COUNT; sent++) socket.send(new Uint8Array(1), to);
    for (let waited = 0; waited < WAIT.totalMs; waited += WAIT.everyMs) {
      await sleep(WAIT.everyMs, SYSTEM_CLOCK);
      const { sharing: now } = await askStatus(control);
      if (now === null) return undefined;
      if (dropsOf(now) > before) return true;
    }
    return false;
  } catch (error) {
    if (error instanceof OperationError) return undefined;
    throw error;
  }
}
