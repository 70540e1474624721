import { accessorPeerKeys, deriveTokenKeys, destroyTokenKeys } from "../../core/token/token_keys.ts";
import { wipe } from "../../core/wireguard/noise.ts";
import { Peer } from "../../core/wireguard/peer.ts";
import { scrypt } from "../../system/process/scrypt.ts";

/** The server as a token makes it known. Deriving the keys takes some 40 ms on another thread. */
export async function loadTokenPeer(token: string): Promise<Peer> {
  const tokenKeys = await deriveTokenKeys(token, scrypt);
  const keys = accessorPeerKeys(tokenKeys);
  const peer = new Peer(keys);
  wipe(keys.privateKey, keys.presharedKey);
  destroyTokenKeys(tokenKeys);
  return peer;
}
