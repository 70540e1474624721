/**
 * An accessor's configuration for any WireGuard program, in the form that wg-quick(8) reads.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { IpAddress } from "../net/address.ts";
import { formatPrefix, type Prefix } from "../net/prefix.ts";
import type { PeerKeys } from "../wireguard/peer.ts";

/** Seconds between keepalives, so that a router's address translation stays; wg(8) advises 25. */
const KEEPALIVE = 25;

/** What the file is made of. */
export interface WgQuickInput {
  /** The keys as the accessor has them (accessorPeerKeys). */
  readonly keys: PeerKeys;
  /** The token's virtual address. */
  readonly address: IpAddress;
  /** The server's virtual address. */
  readonly server: IpAddress;
  /** The largest packet in the tunnel, in bytes. */
  readonly mtu: number;
  /** Where the server listens, as the accessor reaches it: HOST:PORT. */
  readonly endpoint: string;
  /** The exposed networks. */
  readonly routes: readonly Prefix[];
}

/** The text of the file; it holds secrets, so the file is for its owner only. */
export function wgQuickFile(input: WgQuickInput): string {
  const base64 = (key: Uint8Array) => Buffer.from(key).toString("base64");
  const host = (address: IpAddress) => formatPrefix({ address, length: address.bytes.length * 8 });
  const allowed = [host(input.server), ...input.routes.map(formatPrefix)];
  return [
    "[Interface]",
    `PrivateKey = ${base64(input.keys.privateKey)}`,
    `Address = ${host(input.address)}`,
    `MTU = ${input.mtu}`,
    "",
    "[Peer]",
    `PublicKey = ${base64(input.keys.peerPublicKey)}`,
    `PresharedKey = ${base64(input.keys.presharedKey)}`,
    `Endpoint = ${input.endpoint}`,
    `AllowedIPs = ${allowed.join(", ")}`,
    `PersistentKeepalive = ${KEEPALIVE}`,
    "",
  ].join("\n");
}
