/**
 * The sharing with accessors as text for people.
 *
 * @module
 */
import { formatBytes } from "../../cli/format.ts";
import { dropLines, formatAge } from "../../program/status_text.ts";
import type { AccessorStatus, SharingStatus } from "./sharing_status.ts";

/** The lines of the sharing: the socket, then a line for each session, then what was dropped. */
export function sharingLines(sharing: SharingStatus): string[] {
  const { tokens, weak, deriving, sessions, drops } = sharing;
  const dropped = dropLines(drops);
  return [
    socketLine(sharing),
    `${tokens} ${tokens === 1 ? "token" : "tokens"}` +
    (deriving === 0 ? "" : `, ${deriving} of them not ready yet`) +
    (weak === 0 ? "" : `, ${weak} of them weak`),
    ...sessions.map(sessionLine),
    ...dropped.length === 0 ? [] : [`dropped: ${dropped.join(", ")}`],
  ];
}

function socketLine({ listen, legacy, cipher, fault }: SharingStatus): string {
  if (fault !== undefined) return fault;
  return `${listen}, ${cipher ?? "not open yet"}${legacy ? ", plaintext logins admitted" : ""}`;
}

function sessionLine(session: AccessorStatus): string {
  const { address, endpoint, legacy, lastHandshakeSeconds, received, sent, dropped } = session;
  return [
    `${address} at ${endpoint ?? "an unknown endpoint"}${legacy ? " in plaintext" : ""}`,
    `${legacy ? "login" : "handshake"} ${formatAge(lastHandshakeSeconds)}`,
    `received ${formatBytes(received.bytes)}`,
    `sent ${formatBytes(sent.bytes)}`,
    ...dropped === 0 ? [] : [`${dropped} dropped`],
  ].join(", ");
}
