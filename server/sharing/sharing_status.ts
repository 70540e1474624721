/**
 * What the status document says of the sharing with accessors. None of it is secret.
 *
 * @module
 */
import { listOf, orAbsent, orNull, recordOf, type Shape } from "../../program/schema.ts";
import type { DirectionCounters } from "../../program/status_document.ts";

/** An accessor's session. */
export interface AccessorStatus {
  /** Its virtual address, which stands for its token. */
  readonly address: string;
  /** Where its last authentic datagram came from; null while that is unknown. */
  readonly endpoint: string | null;
  /** Whether it is the original's accessor, without encryption. */
  readonly legacy: boolean;
  /** Seconds since its last handshake, or since its login if `legacy`; null before the first is complete. */
  readonly lastHandshakeSeconds: number | null;
  /** Packets from it that passed the filters. */
  readonly received: DirectionCounters;
  /** Packets to it. */
  readonly sent: DirectionCounters;
  /** Packets from and to it that did not pass. */
  readonly dropped: number;
}

/** The sharing, while `expose` is set. */
export interface SharingStatus {
  /** The endpoint of the exposed socket. */
  readonly listen: string;
  /** Whether the original's login is admitted. */
  readonly legacy: boolean;
  /** The code that encrypts: "libcrypto" or "wasm"; null while the socket is not open. */
  readonly aead: string | null;
  /** How many tokens there are. */
  readonly tokens: number;
  /** How many of them can be guessed. */
  readonly weak: number;
  /** How many of them cannot log in yet, since their keys are still being derived. */
  readonly deriving: number;
  /** The sessions that there are. */
  readonly sessions: readonly AccessorStatus[];
  /** Handshakes that were answered. */
  readonly handshakes: number;
  /** Datagrams and packets of the exposed socket that were dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Why the socket is not open; it is tried again. */
  readonly fault?: string;
}

const direction: Shape = { packets: "number", bytes: "number" };

/** The form of {@linkcode SharingStatus}, or null. */
export const sharingShape: Shape = orNull({
  listen: "string",
  legacy: "boolean",
  aead: orNull("string"),
  tokens: "number",
  weak: "number",
  deriving: "number",
  sessions: listOf({
    address: "string",
    endpoint: orNull("string"),
    legacy: "boolean",
    lastHandshakeSeconds: orNull("number"),
    received: direction,
    sent: direction,
    dropped: "number",
  }),
  handshakes: "number",
  drops: recordOf("number"),
  fault: orAbsent("string"),
});
