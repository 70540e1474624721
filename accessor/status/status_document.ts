/**
 * The accessor's answer to `GET /v1/status`, and its text for people.
 *
 * @module
 */
import * as v from "valibot";
import type { StatusFormat } from "../../program/show_status.ts";
import { counterRows, formatAge, interfaceRows, renderStatus, routeRows } from "../../program/status_text.ts";
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

export type AccessorStatus = v.InferOutput<typeof ACCESSOR_STATUS>;
export type AccessorRouteStatus = v.InferOutput<typeof route>;

export const ACCESSOR_STATUS_FORMAT: StatusFormat<AccessorStatus> = {
  program: "docker-accessor",
  schema: ACCESSOR_STATUS,
  text: statusText,
};

export function statusText(status: AccessorStatus): string {
  return renderStatus(status, [
    ["server", serverLine(status.server)],
    ...interfaceRows(status.interface),
    ...routeRows(status.routes),
    ...counterRows(status.counters),
    ["offload", status.dataPlane.offload ? "on" : "off"],
    ["cipher", status.dataPlane.cipher],
  ]);
}

function serverLine(
  { host, endpoint, state, lastHeardSeconds, lastHandshakeSeconds }: AccessorStatus["server"],
) {
  const server = endpoint === null || endpoint === host ? host : `${host} (${endpoint})`;
  const [heard, handshake] = [formatAge(lastHeardSeconds), formatAge(lastHandshakeSeconds)];
  return `${server}, ${state}, heard ${heard}, handshake ${handshake}`;
}
