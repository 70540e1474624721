/**
 * The accessor's answer to `GET /v1/status`.
 *
 * @module
 */
import * as v from "valibot";
import {
  countersSchema,
  dataPlaneFields,
  group,
  interfaceSchema,
  list,
  nullable,
  number,
  oneOf,
  optional,
  peerState,
  processFields,
  text,
} from "../../program/status_document.ts";

const server = group("The server as the accessor sees it.", {
  host: text("HOST:PORT as it was given."),
  endpoint: nullable(text("Where the server spoke from last, or is looked for; null without an address.")),
  lastHeardSeconds: nullable(number("Seconds since the server's last datagram; null before the first.")),
  lastHandshakeSeconds: nullable(
    number("Seconds since the last handshake, null before the first; a session in use has one every 2 min."),
  ),
  state: peerState,
});

const route = v.object({
  prefix: text("The network."),
  state: oneOf(["active", "failed", "excluded"], "excluded: by --exclude."),
  fault: optional(text("Why it is not as it should be; absent when it is.")),
});

/** The form of the accessor's document. */
export const ACCESSOR_STATUS = v.object({
  ...processFields("docker-accessor"),
  interface: nullable(interfaceSchema),
  server,
  routes: list(route, "The networks that the server exposes."),
  counters: countersSchema,
  dataPlane: group("How the packets are moved.", {
    ...dataPlaneFields,
    cipher: text("The code that encrypts: libcrypto or wasm."),
  }),
});

/** The accessor's document. */
export type AccessorStatus = v.InferOutput<typeof ACCESSOR_STATUS>;
/** A network that the server exposes. */
export type AccessorRouteStatus = v.InferOutput<typeof route>;
