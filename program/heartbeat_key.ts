/**
 * The key of heartbeats, as the programs take it from configuration or flags.
 *
 * @module
 */
import type { HeartbeatProof } from "../core/protocol/heartbeat.ts";

/** The proof by a key; without one the code for it is not even loaded. */
export async function loadHeartbeatProof(key: string | undefined): Promise<HeartbeatProof | undefined> {
  if (key === undefined) return undefined;
  return (await import("../core/protocol/heartbeat_mac.ts")).heartbeatProof(key);
}
