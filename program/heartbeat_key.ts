import type { HeartbeatMac } from "../core/protocol/heartbeat.ts";

/** The proof by the key of configuration or flags; without a key the code for it is not even loaded. */
export async function loadHeartbeatProof(key: string | undefined): Promise<HeartbeatMac | undefined> {
  if (key === undefined) return undefined;
  return (await import("../core/protocol/heartbeat_mac.ts")).heartbeatMac(key);
}
