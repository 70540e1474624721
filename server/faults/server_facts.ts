import type { ServerStatus } from "../status/status_document.ts";

/** What the server's status says, without what is derived from it here. */
export type ServerFacts = Omit<ServerStatus, "program" | "summary" | "faults">;

/** Milliseconds between the heartbeats of a client that does not say it: docs/internals/protocol.md. */
const HEARTBEAT_MS = 5_000;
/** A heartbeat may come late by this part, and no client counts as silent sooner than after so many seconds. */
const LATENESS = 1.4;
const MIN_SILENCE = 5;

/** Whether the client was heard so lately that it is there. */
export function isHeard({ client }: Pick<ServerFacts, "client">): boolean {
  if (client === null) return false;
  const { heartbeatMs = HEARTBEAT_MS, lastHeardSeconds } = client;
  return lastHeardSeconds < Math.max(MIN_SILENCE, Math.ceil(heartbeatMs / 1000 * LATENESS));
}
