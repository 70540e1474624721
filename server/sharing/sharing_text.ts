/**
 * The sharing with accessors as text for people.
 *
 * @module
 */
import { formatBytes, formatDuration } from "../../cli/format.ts";
import type { AccessorStatus, SharingStatus } from "./sharing_status.ts";

/** The lines of the sharing: the socket, then a line for each session, then what was dropped. */
export function sharingLines(sharing: SharingStatus): string[] {
  const { tokens, weak, deriving, sessions, drops } = sharing;
  const dropped = Object.entries(drops).filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason} ${count}`);
  return [
    socketLine(sharing),
    `${tokens} ${tokens === 1 ? "token" : "tokens"}` +
    (deriving === 0 ? "" : `, ${deriving} of them not ready yet`) +
    (weak === 0 ? "" : `, ${weak} of them weak`),
    ...sessions.map(sessionLine),
    ...dropped.length === 0 ? [] : [`dropped: ${dropped.join(", ")}`],
  ];
}

function socketLine({ listen, legacy, aead, fault }: SharingStatus): string {
  if (fault !== undefined) return fault;
  return `${listen}, ${aead ?? "not open yet"}${legacy ? ", plaintext logins admitted" : ""}`;
}

function sessionLine(session: AccessorStatus): string {
  const { address, endpoint, legacy, lastHandshakeSeconds, received, sent, dropped } = session;
  const age = lastHandshakeSeconds === null ? "never" : `${formatDuration(lastHandshakeSeconds)} ago`;
  return [
    `${address} at ${endpoint ?? "an unknown place"}${legacy ? " in plaintext" : ""}`,
    `${legacy ? "login" : "handshake"} ${age}`,
    `received ${formatBytes(received.bytes)}`,
    `sent ${formatBytes(sent.bytes)}`,
    ...dropped === 0 ? [] : [`${dropped} dropped`],
  ].join(", ");
}
