/**
 * The counters of an exposed socket: those of the data plane in their places, as the socket's port counts them, then those that
 * only sessions have.
 *
 * @module
 */
import { counterNames } from "../counters.ts";

/** Every counter, in the order of the array; `inbound` counts packets that sessions sent, `outbound` datagrams sent to them. */
export const sessionCounterNames = [
  ...counterNames,
  /** Transport messages for a receiver index that no session has. */
  "drop.unknownIndex",
  /** Transport messages that are not authentic. */
  "drop.forged",
  /** Transport messages whose counter was used before, or is too old to tell. */
  "drop.replayed",
  /** Transport messages by keys past their time. */
  "drop.expiredKey",
  /** Packets from a session whose source is not the session's address. */
  "drop.foreignSource",
  /** Packets from a session to where it may not go. */
  "drop.notExposed",
  /** Packets to a session from where it may not be reached. */
  "drop.unexposedSource",
  /** Packets to an address of the virtual network that no session has. */
  "drop.noSession",
  /** Packets to a session that has no key to send by. */
  "drop.noKey",
  /** Plaintext packets from an endpoint that is not logged in, and plaintext logins where they are not admitted. */
  "drop.notLoggedIn",
  /** Handshake messages and logins beyond what is handed to the main thread in a second. */
  "drop.handshakeRateLimited",
] as const;

/** A counter's name. */
export type SessionCounterName = (typeof sessionCounterNames)[number];

/** Counter name to index in the array. */
export const SessionCounter: Readonly<Record<SessionCounterName, number>> = Object.freeze(
  Object.fromEntries(sessionCounterNames.map((name, index) => [name, index])) as Record<
    SessionCounterName,
    number
  >,
);

/** The drop counters by reason, without the prefix. */
export function sessionDropsByReason(table: Float64Array): Record<string, number> {
  const drops: Record<string, number> = {};
  sessionCounterNames.forEach((name, index) => {
    if (name.startsWith("drop.")) drops[name.slice("drop.".length)] = table[index] ?? 0;
  });
  return drops;
}
