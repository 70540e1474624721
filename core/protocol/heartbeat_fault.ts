/** Why a heartbeat does not bind its sender; heartbeat.ts verifies it. */
export const HEARTBEAT_FAULTS = ["length", "no-key", "proof", "time", "replay", "challenge"] as const;

/** One of {@linkcode HEARTBEAT_FAULTS}. */
export type HeartbeatFault = typeof HEARTBEAT_FAULTS[number];
