/**
 * The accessor's status as text for people.
 *
 * @module
 */
import { formatBytes, formatDuration } from "../../cli/format.ts";
import { escapeControls } from "../../cli/escape.ts";
import type { DirectionCounters } from "../../program/status_document.ts";
import type { AccessorRouteStatus, AccessorServerStatus, AccessorStatus } from "./status_document.ts";

/** A line's label, empty where it continues the one before, and its text. */
type Row = readonly [label: string, text: string];

/**
 * Writes the status out.
 *
 * @returns lines, each with its newline; the texts start in the same column
 */
export function statusText(status: AccessorStatus): string {
  const { interface: tunnel, server, counters, dataPlane } = status;
  const rows: Row[] = [
    ["server", serverLine(server)],
    [
      "interface",
      tunnel === null
        ? "no address yet"
        : `${tunnel.name}, mtu ${tunnel.mtu}, address ${tunnel.address}, peer ${tunnel.peer}`,
    ],
    ...(tunnel?.fault === undefined ? [] : [["", tunnel.fault] as const]),
    ...labelled("routes", routeLines(status.routes), "none"),
    ["outbound", formatDirection(counters.outbound)],
    ["inbound", formatDirection(counters.inbound)],
    ...labelled("drops", dropLines(counters.drops)),
    ["offload", dataPlane.offload ? "on" : "off"],
    ["cipher", dataPlane.aead],
  ];
  const title = `${status.program} ${status.version} (commit ${status.commit}, deno ${status.deno}), ` +
    `pid ${status.pid}, up ${formatDuration(status.uptimeSeconds)}`;
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  const lines = [title, ...rows.map(([label, text]) => label.padEnd(width) + text)];
  return lines.map((line) => `${escapeControls(line)}\n`).join("");
}

function serverLine({ host, endpoint, state, lastHeardSeconds, lastHandshakeSeconds }: AccessorServerStatus) {
  const place = endpoint === null || endpoint === host ? host : `${host} (${endpoint})`;
  return `${place}, ${state}, heard ${formatAge(lastHeardSeconds)}, handshake ${
    formatAge(lastHandshakeSeconds)
  }`;
}

function routeLines(routes: readonly AccessorRouteStatus[]): string[] {
  const width = Math.max(0, ...routes.map(({ prefix }) => prefix.length)) + 2;
  return routes.map(({ prefix, state, fault }) =>
    `${prefix.padEnd(width)}${state}${fault === undefined ? "" : `: ${fault}`}`
  );
}

function labelled(label: string, lines: readonly string[], none?: string): Row[] {
  const shown = lines.length === 0 && none !== undefined ? [none] : lines;
  return shown.map((line, index) => [index === 0 ? label : "", line]);
}

/** Reasons that have never occurred say nothing. */
function dropLines(drops: Readonly<Record<string, number>>): string[] {
  return Object.entries(drops).filter(([, count]) => count > 0).map(([reason, count]) =>
    `${reason} ${count}`
  );
}

function formatDirection({ packets, bytes }: DirectionCounters): string {
  return `${packets} ${packets === 1 ? "packet" : "packets"}, ${formatBytes(bytes)}`;
}

function formatAge(seconds: number | null): string {
  if (seconds === null) return "never";
  return seconds < 1 ? "just now" : `${formatDuration(seconds)} ago`;
}
