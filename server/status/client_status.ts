import { formatEndpoint } from "../../core/net/endpoint.ts";
import type { DataPlane } from "../../dataplane/data_plane.ts";
import type { UdpSocket } from "../../ffi/udp/udp_socket.ts";
import { lastHeardSeconds, tunnelCounters } from "../../program/status.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { Paths } from "../paths/paths.ts";
import type { ServerStatus } from "./status_document.ts";

/** The parts of the status about the client, what it sent, and the socket for it. */
export function clientStatus(
  { counters }: DataPlane,
  { client, endpoint, refused, refusal }: Paths,
  socket: UdpSocket,
): Pick<ServerStatus, "listen" | "client" | "refused" | "counters"> {
  const now = SYSTEM_CLOCK.wallClock();
  const { revision: _revision, answersProbes: _answersProbes, certificateKey: _key, ...described } =
    client?.description ?? {};
  return {
    listen: formatEndpoint(socket.localEndpoint()),
    client: client === undefined ? null : {
      endpoint: endpoint === undefined ? null : formatEndpoint(endpoint),
      lastHeardSeconds: lastHeardSeconds(counters, now) ?? Math.floor((now - client.lastHeartbeat) / 1000),
      ...described,
    },
    refused: refusal === undefined ? null : {
      endpoint: refusal.endpoint,
      reason: refusal.reason,
      ...refusal.clockMs === undefined ? {} : { clockSeconds: Math.round(refusal.clockMs / 1000) },
      lastSeconds: Math.max(0, Math.floor((now - refusal.at) / 1000)),
      count: refused,
    },
    counters: tunnelCounters(counters, { heartbeatRefused: refused }),
  };
}
