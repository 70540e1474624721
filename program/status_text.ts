/**
 * The status of a program as text for people: one sentence, the faults, the program, then rows of a label and a text. The
 * documents of all programs share the rows written here.
 *
 * @module
 */
import { escapeControls, formatBytes, formatDuration } from "../cli/format.ts";
import { faultText, type TextLayout } from "./fault_text.ts";
import { DROPS } from "../core/counters.ts";
import type { DirectionCounters, InterfaceStatus, ProgramStatus, TunnelCounters } from "./status_document.ts";

/** A line's label, empty where it continues the one before, and its text. */
export type Row = readonly [label: string, text: string];

/** Writes a status out as lines, each with its newline; the texts start in the same column. */
export function renderStatus(
  status: ProgramStatus<string>,
  rows: readonly Row[],
  layout: TextLayout,
): string {
  const title = `${status.program} ${status.version} (commit ${status.commit}, deno ${status.deno}), ` +
    `pid ${status.pid}, up ${formatDuration(status.uptimeSeconds)}`;
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  const lines = [title, ...rows.map(([label, text]) => label.padEnd(width) + text)];
  const now = Date.parse(status.startedAt) + status.uptimeSeconds * 1000;
  return faultText(status, now, layout) + lines.map((line) => `${escapeControls(line)}\n`).join("");
}

/** The rows of a label: one for each line, the first with the label. */
export function labelled(label: string, lines: readonly string[], none?: string): Row[] {
  const shown = lines.length === 0 && none !== undefined ? [none] : lines;
  return shown.map((line, index) => [index === 0 ? label : "", line]);
}

/** The rows of the TUN interface; null before it has an address. */
export function interfaceRows(tunnel: InterfaceStatus | null): Row[] {
  if (tunnel === null) return [["interface", "no address yet"]];
  const { name, mtu, address, peer, address6, peer6 = "unknown", fault } = tunnel;
  return labelled("interface", [
    `${name}, mtu ${mtu}, address ${address}, peer ${peer}`,
    ...address6 === undefined ? [] : [`address ${address6}, peer ${peer6}`],
    ...fault === undefined ? [] : [fault],
  ]);
}

/** The rows of the routes, their states in one column. */
export function routeRows(
  routes: readonly { readonly prefix: string; readonly state: string; readonly fault?: string }[],
): Row[] {
  const width = Math.max(0, ...routes.map(({ prefix }) => prefix.length)) + 2;
  const lines = routes.map(({ prefix, state, fault }) => `${prefix.padEnd(width)}${withFault(state, fault)}`);
  return labelled("routes", lines, "none");
}

export function counterRows({ outbound, inbound, drops }: TunnelCounters): Row[] {
  return [
    ["outbound", formatDirection(outbound)],
    ["inbound", formatDirection(inbound)],
    ...labelled("drops", dropLines(drops)),
  ];
}

/** A line for each reason to drop that has occurred. */
export function dropLines(drops: TunnelCounters["drops"]): string[] {
  return Object.entries(drops).filter(([, count]) => count > 0).map(([reason, count]) => {
    const label = DROPS[reason]?.label;
    return `${reason} ${count}${label === undefined ? "" : ` (${label})`}`;
  });
}

/** A text, and the fault that goes with it. */
export function withFault(text: string, fault: string | undefined): string {
  return fault === undefined ? text : `${text}: ${fault}`;
}

/** How long ago something was, null for never. */
export function formatAge(seconds: number | null): string {
  if (seconds === null) return "never";
  return seconds < 1 ? "just now" : `${formatDuration(seconds)} ago`;
}

function formatDirection({ packets, bytes }: DirectionCounters): string {
  return `${packets} ${packets === 1 ? "packet" : "packets"}, ${formatBytes(bytes)}`;
}
