/**
 * Neighbours through rtnetlink: the hardware addresses of other machines on a link. The messages carry struct ndmsg, 12 bytes
 * {family u8, pad u8, pad u16, interface index i32, state u16, flags u8, type u8} (include/uapi/linux/neighbour.h).
 *
 * @module
 */
import { equalAddress, type IpAddress } from "../../core/net/address.ts";
import { NDA, RTM } from "./constants.ts";
import * as message from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

const NDMSG_LENGTH = 12;
/** Bytes of the hardware address of Ethernet. */
const ETHERNET_LENGTH = 6;

/** The Ethernet address of a neighbour, as the kernel has it now; undefined where it has none. */
export function findHardwareAddress(
  socket: NetlinkSocket,
  interfaceIndex: number,
  address: IpAddress,
): Uint8Array | undefined {
  const body = new Uint8Array(NDMSG_LENGTH);
  body[0] = message.familyNumber(address.family);
  for (const { type, payload } of socket.dump("RTM_GETNEIGH", { type: RTM.GETNEIGH, body })) {
    if (type !== RTM.NEWNEIGH) continue;
    const { body, attributes } = message.splitPayload(payload, NDMSG_LENGTH);
    const known = message.readAddress(address.family, attributes.get(NDA.DST));
    const hardware = attributes.get(NDA.LLADDR);
    const isIt = known !== undefined && equalAddress(known, address) &&
      body.getInt32(4, true) === interfaceIndex;
    if (isIt && hardware?.length === ETHERNET_LENGTH) return hardware.slice();
  }
  return undefined;
}
