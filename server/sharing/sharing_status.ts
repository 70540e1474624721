/**
 * What the status document says of the sharing with accessors. None of it is secret.
 *
 * @module
 */
import * as v from "valibot";
import {
  direction,
  dropsSchema,
  flag,
  group,
  list,
  nullable,
  number,
  optional,
  text,
} from "../../program/status_document.ts";

const session = v.object({
  address: text("The accessor's virtual address, which stands for its token."),
  endpoint: nullable(text("Where its last authentic datagram came from; null while that is unknown.")),
  legacy: flag("Whether it is mac-docker-connector's accessor, without encryption."),
  lastHandshakeSeconds: nullable(
    number("Seconds since its last handshake, or since its login if legacy; null before the first."),
  ),
  received: direction("Packets from it that passed the filters."),
  sent: direction("Packets to it."),
  dropped: number("Packets from and to it that did not pass."),
});

/** The form of the sharing. */
export const sharingSchema = group("The sharing with accessors.", {
  listen: text("The endpoint of the exposed socket."),
  legacy: flag("Whether mac-docker-connector's login is admitted."),
  cipher: nullable(text("The code that encrypts: libcrypto or wasm; null while the socket is not open.")),
  tokens: number("How many tokens there are."),
  weak: number("How many of them can be guessed."),
  deriving: number("How many of them cannot log in yet, since their keys are still being derived."),
  sessions: list(session, "The sessions."),
  handshakes: number("Handshakes that were answered."),
  drops: dropsSchema,
  fault: optional(text("Why the socket is not open; it is tried again.")),
});

/** An accessor's session. */
export type AccessorStatus = v.InferOutput<typeof session>;
/** The sharing, while `expose` is set. */
export type SharingStatus = v.InferOutput<typeof sharingSchema>;
