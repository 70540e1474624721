/**
 * The accessor's answer to `GET /v1/status`, and its text for people.
 *
 * @module
 */
import * as v from "valibot";
import { PLAIN_LAYOUT, type TextLayout } from "../../program/fault_text.ts";
import type { StatusFormat } from "../../program/show_status.ts";
import {
  counterRows,
  formatAge,
  interfaceRows,
  labelled,
  renderStatus,
  routeRows,
  withFault,
} from "../../program/status_text.ts";
import * as f from "../../program/status_document.ts";

const server = f.group("The server as the accessor sees it.", {
  host: f.text("HOST:PORT as it was given."),
  endpoint: f.nullable(
    f.text("Where the server spoke from last, or is looked for; null without an address."),
  ),
  lastHeardSeconds: f.nullable(f.number("Seconds since the server's last datagram; null before the first.")),
  lastHandshakeSeconds: f.nullable(
    f.number(
      "Seconds since the last handshake, null before the first; a session in use has one every 2 min.",
    ),
  ),
  state: f.peerState,
  ...f.problemFields("Why it cannot be looked for: its name has no address, or no network leads there."),
  cause: f.optional(f.oneOf(["unknown-name", "no-network"], "Which of the two.")),
});

const route = v.object({
  prefix: f.text("The network."),
  state: f.oneOf(["active", "failed", "excluded"], "excluded: by --exclude."),
  ...f.routeProblemFields,
});

const names = f.group("The names of containers; absent while the server has none.", {
  domain: f.text("The domain."),
  resolver: f.resolverSchema,
});

export const ACCESSOR_STATUS = v.object({
  ...f.processFields("docker-accessor"),
  interface: f.nullable(f.interfaceSchema),
  server,
  routes: f.list(route, "The networks that the server exposes."),
  names: f.optional(names),
  counters: f.countersSchema,
  dataPlane: f.group("How the packets are moved.", {
    ...f.dataPlaneFields,
    cipher: f.text("The code that encrypts: libcrypto or wasm."),
  }),
});

export type AccessorStatus = v.InferOutput<typeof ACCESSOR_STATUS>;
export type AccessorRouteStatus = v.InferOutput<typeof route>;

export const ACCESSOR_STATUS_FORMAT: StatusFormat<AccessorStatus> = {
  program: "docker-accessor",
  schema: ACCESSOR_STATUS,
  text: statusText,
};

export function statusText(status: AccessorStatus, layout: TextLayout = PLAIN_LAYOUT): string {
  return renderStatus(status, [
    ["server", serverLine(status.server)],
    ...interfaceRows(status.interface),
    ...routeRows(status.routes),
    ...labelled("names", status.names === undefined ? [] : [namesLine(status.names)]),
    ...counterRows(status.counters),
    ["offload", status.dataPlane.offload ? "on" : "off"],
    ["cipher", status.dataPlane.cipher],
  ], layout);
}

function namesLine({ domain, resolver }: NonNullable<AccessorStatus["names"]>): string {
  return `below ${domain}, ${withFault(`resolver: ${resolver.kind}`, resolver.fault)}`;
}

function serverLine(
  { host, endpoint, state, lastHeardSeconds, lastHandshakeSeconds }: AccessorStatus["server"],
) {
  const server = endpoint === null || endpoint === host ? host : `${host} (${endpoint})`;
  const [heard, handshake] = [formatAge(lastHeardSeconds), formatAge(lastHandshakeSeconds)];
  return `${server}, ${state}, heard ${heard}, handshake ${handshake}`;
}
