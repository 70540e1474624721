/**
 * The accessor's status as text for people.
 *
 * @module
 */
import type { StatusFormat } from "../../program/show_status.ts";
import { counterRows, formatAge, interfaceRows, renderStatus, routeRows } from "../../program/status_text.ts";
import { ACCESSOR_STATUS, type AccessorStatus } from "./status_document.ts";

/** The accessor's document and its text. */
export const ACCESSOR_STATUS_FORMAT: StatusFormat<AccessorStatus> = {
  program: "docker-accessor",
  schema: ACCESSOR_STATUS,
  text: statusText,
};

/** Writes the status out. */
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
