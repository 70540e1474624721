/**
 * The keys of a token (docs/internals/protocol.md):
 *
 * ```
 * master = scrypt(token, salt "docker-connector token", N = 16384, r = 8, p = 1, 32 bytes)
 * key    = HKDF-SHA-256(master, no salt, info, 32 bytes), info "accessor key", "connector key" or "preshared key"
 * ```
 *
 * @module
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { PeerKeys } from "../wireguard/peer.ts";
import { wipe } from "../wireguard/noise.ts";
import { PrivateKey } from "../wireguard/x25519.ts";

/**
 * Costs of scrypt (RFC 7914 section 2): CPU and memory cost N, block size r, parallelization p. It takes 128
 * * N * r = 16 MiB.
 */
export const SCRYPT_COST = { N: 16384, r: 8, p: 1 } as const;

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
  cost: typeof SCRYPT_COST,
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
  const keys = {
    accessorKey: derive("accessor key"),
    connectorKey: derive("connector key"),
    presharedKey: derive("preshared key"),
  };
  wipe(password, master);
  return keys;
}

/** The keys as the accessor has them. */
export function accessorPeerKeys(keys: TokenKeys): PeerKeys {
  return {
    privateKey: keys.accessorKey,
    peerPublicKey: new PrivateKey(keys.connectorKey).publicKey,
    presharedKey: keys.presharedKey,
  };
}

/** The keys as the server has them. */
export function connectorPeerKeys(keys: TokenKeys): PeerKeys {
  return {
    privateKey: keys.connectorKey,
    peerPublicKey: new PrivateKey(keys.accessorKey).publicKey,
    presharedKey: keys.presharedKey,
  };
}

/** Clears the keys. */
export function destroyTokenKeys(keys: TokenKeys): void {
  wipe(keys.accessorKey, keys.connectorKey, keys.presharedKey);
}
