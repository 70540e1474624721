/**
 * The keys of a token (docs/internals/protocol.md):
 *
 * ```
 * master = scrypt(token, salt "docker-connector token", N = 16384, r = 8, p = 1, 32 bytes)
 * key    = HKDF-SHA-256(master, no salt, info, 32 bytes), info "accessor key", "connector key" or "preshared key"
 * ```
 *
 * and a token's configuration for other WireGuard programs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { formatAddress, type IpAddress } from "../net/address.ts";
import { formatPrefix, type Prefix } from "../net/prefix.ts";
import type { PeerKeys } from "../wireguard/peer.ts";
import { wipe } from "../wireguard/noise.ts";
import { PrivateKey } from "../wireguard/x25519.ts";

/** Costs of scrypt (RFC 7914 section 2): CPU and memory cost N, block size r, parallelization p. */
export type ScryptCost = Readonly<Record<"N" | "r" | "p", number>>;

/** The costs for tokens: 16 MiB, 128 * N * r. */
export const SCRYPT_COST: ScryptCost = { N: 16384, r: 8, p: 1 };

/** Bytes of the scrypt output and of every key. */
const LENGTH = 32;
const SALT = "docker-connector token";

/**
 * scrypt (RFC 7914) with {@linkcode SCRYPT_COST}: node:crypto's or any other. It takes some 40 ms, so it
 * should run off the main thread.
 */
export type Scrypt = (
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  cost: ScryptCost,
) => Promise<Uint8Array>;

/** The three keys of a token, 32 bytes each. */
export interface TokenKeys {
  /** The accessor's private key. */
  readonly accessorKey: Uint8Array;
  /** The server's private key for this token. */
  readonly connectorKey: Uint8Array;
  /** The preshared key. */
  readonly presharedKey: Uint8Array;
}

/** Derives the keys of a token; its UTF-8 bytes are the password. */
export async function deriveTokenKeys(token: string, scrypt: Scrypt): Promise<TokenKeys> {
  const encoder = new TextEncoder();
  const password = encoder.encode(token);
  const master = await scrypt(password, encoder.encode(SALT), LENGTH, SCRYPT_COST);
  const derive = (info: string) => hkdf(sha256, master, undefined, encoder.encode(info), LENGTH);
  const [accessorKey, connectorKey] = [derive("accessor key"), derive("connector key")];
  const presharedKey = derive("preshared key");
  wipe(password, master);
  return { accessorKey, connectorKey, presharedKey };
}

/** The keys as the accessor has them. */
export function accessorPeerKeys({ accessorKey, connectorKey, presharedKey }: TokenKeys): PeerKeys {
  return { privateKey: accessorKey, peerPublicKey: new PrivateKey(connectorKey).publicKey, presharedKey };
}

/** The keys as the server has them. */
export function connectorPeerKeys({ accessorKey, connectorKey, presharedKey }: TokenKeys): PeerKeys {
  return { privateKey: connectorKey, peerPublicKey: new PrivateKey(accessorKey).publicKey, presharedKey };
}

/** Clears the keys. */
export function destroyTokenKeys(keys: TokenKeys): void {
  wipe(keys.accessorKey, keys.connectorKey, keys.presharedKey);
}

/** Seconds between keepalives, so that a router's address translation stays; wg(8) advises 25. */
const KEEPALIVE = 25;

/** What an accessor's configuration for any WireGuard program is made of. */
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
  /** The domain of containers' names, told in a comment; absent: none. */
  readonly domain?: string | undefined;
}

/**
 * The lines about names. A "DNS" line would send all questions of the machine to the server, which answers those of the domain
 * alone (wg-quick(8)); nothing that all WireGuard programs read can name one domain.
 */
function nameLines(server: IpAddress, domain: string | undefined): string[] {
  if (domain === undefined) return [];
  const address = formatAddress(server);
  return [
    `# Names below ${domain} are answered at ${address}. With systemd-resolved and wg-quick:`,
    `# PostUp = resolvectl dns %i ${address}; resolvectl domain %i ~${domain}`,
  ];
}

/** The configuration as wg-quick(8) reads it; it holds secrets, so the file is for its owner only. */
export function wgQuickFile(input: WgQuickInput): string {
  const base64 = (key: Uint8Array) => Buffer.from(key).toString("base64");
  const host = (address: IpAddress) => formatPrefix({ address, length: address.bytes.length * 8 });
  const allowed = [host(input.server), ...input.routes.map(formatPrefix)];
  return [
    "[Interface]",
    `PrivateKey = ${base64(input.keys.privateKey)}`,
    `Address = ${host(input.address)}`,
    `MTU = ${input.mtu}`,
    ...nameLines(input.server, input.domain),
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
