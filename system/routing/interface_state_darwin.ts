/**
 * What `ifconfig NAME` of macOS says of an interface.
 *
 * @module
 */
import { type IpAddress, parseAddress } from "../../core/net/address.ts";

/** One address of an interface. */
export interface InterfaceAddress {
  /** This side's address. */
  readonly local: IpAddress;
  /** The other side's, on a point-to-point interface. */
  readonly peer?: IpAddress;
}

/** The state of an interface. */
export interface InterfaceState {
  /** Largest packet in bytes; 0 when the text does not say. */
  readonly mtu: number;
  /** Whether it is up. */
  readonly isUp: boolean;
  /** Its addresses of both families, in the order of the text. */
  readonly addresses: readonly InterfaceAddress[];
}

const HEAD = /flags=[0-9a-f]+<([A-Z0-9_,]*)>(?:.*\bmtu (\d+))?/;
// A zone ("%utun4") follows link-local addresses; the destination follows an arrow.
const ADDRESS = /^\s+inet6? ([0-9a-fA-F.:]+)(?:%\S+)?(?: --> ([0-9a-fA-F.:]+))?/;

/** Reads the output of ifconfig for one interface. */
export function parseInterfaceState(text: string): InterfaceState {
  const [, flags = "", mtu = "0"] = HEAD.exec(text) ?? [];
  const addresses: InterfaceAddress[] = [];
  for (const line of text.split("\n")) {
    const [, localText = "", peerText = ""] = ADDRESS.exec(line) ?? [];
    const local = parseAddress(localText);
    const peer = parseAddress(peerText);
    if (local !== undefined) addresses.push(peer === undefined ? { local } : { local, peer });
  }
  return { mtu: Number(mtu), isUp: flags.split(",").includes("UP"), addresses };
}
