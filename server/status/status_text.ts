/**
 * The server's status as text for people.
 *
 * @module
 */

import { formatBytes, formatDuration } from "../../cli/format.ts";
import { escapeControls } from "../../cli/escape.ts";
import type { DirectionCounters } from "../../program/status_document.ts";
import type { FirewallFacts } from "../../core/protocol/description.ts";
import { sharingLines } from "../sharing/sharing_text.ts";
import type {
  ContainerStatus,
  DockerStatus,
  RouteStatus,
  ServerStatus,
  SubnetStatus,
} from "./status_document.ts";

/** A line's label, empty where it continues the one before, and its text. */
type Row = readonly [label: string, text: string];

/**
 * Writes the status out.
 *
 * @param status the document
 * @returns lines, each with its newline; the texts start in the same column
 */
export function statusText(status: ServerStatus): string {
  const { interface: tunnel, client, counters, config } = status;
  const peer = client?.version === undefined ? "" : `, version ${client.version}`;
  const { subnets = [], moreSubnets = 0, firewall } = client ?? {};
  const rows: Row[] = [
    ["interface", `${tunnel.name}, mtu ${tunnel.mtu}, address ${tunnel.address}, peer ${tunnel.peer}`],
    ...(tunnel.address6 === undefined
      ? []
      : [["", `address ${tunnel.address6}, peer ${tunnel.peer6 ?? "unknown"}`] as const]),
    ...(tunnel.fault === undefined ? [] : [["", tunnel.fault] as const]),
    ["listen", status.listen],
    [
      "client",
      client === null ? "none yet" : `${client.endpoint}, heard ${formatAge(client.lastHeardSeconds)}${peer}`,
    ],
    ...labelled("", subnetLines(subnets, moreSubnets)),
    ...labelled("firewall", firewall === undefined ? [] : [firewallLine(firewall)]),
    ...labelled("routes", routeLines(status.routes), "none"),
    ["docker", dockerLine(status.docker)],
    ...labelled("container", containerLines(status.docker)),
    ...labelled("unrouted", unroutedLines(status.docker)),
    ["outbound", formatDirection(counters.outbound)],
    ["inbound", formatDirection(counters.inbound)],
    ...labelled("drops", dropLines(counters.drops)),
    ...labelled("sharing", status.sharing === null ? [] : sharingLines(status.sharing)),
    ["offload", status.dataPlane.offload ? "on" : "off"],
    ["config", config.file === null ? "no file" : `${config.file}, loaded ${formatAge(configAge(status))}`],
    ...labelled("faults", config.faults),
  ];
  const title = `${status.program} ${status.version} (commit ${status.commit}, deno ${status.deno}), ` +
    `pid ${status.pid}, up ${formatDuration(status.uptimeSeconds)}`;
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  const lines = [title, ...rows.map(([label, text]) => label.padEnd(width) + text)];
  return lines.map((line) => `${escapeControls(line)}\n`).join("");
}

function labelled(label: string, lines: readonly string[], none?: string): Row[] {
  const shown = lines.length === 0 && none !== undefined ? [none] : lines;
  return shown.map((line, index) => [index === 0 ? label : "", line]);
}

/** The container networks of the client's machine, a few to a line. */
function subnetLines(subnets: readonly string[], more: number): string[] {
  if (subnets.length === 0) return [];
  const rest = more === 0 ? "" : ` and ${more} more`;
  return [`networks there: ${subnets.join(", ")}${rest}`];
}

/** Docker's firewall in the client's machine. */
function firewallLine({ state, backend, rules, fault }: FirewallFacts): string {
  const place = backend === null ? "" : `, ${rules} ${rules === 1 ? "rule" : "rules"} in ${backend}`;
  return `${firewallStates[state]}${place}${fault === undefined ? "" : `: ${fault}`}`;
}

const firewallStates: Readonly<Record<FirewallFacts["state"], string>> = {
  open: "open for the tunnel",
  waiting: "no chain of Docker's yet",
  nftables: "Docker's own nftables, closed",
  fault: "faulty",
};

function routeLines(routes: readonly RouteStatus[]): string[] {
  const width = Math.max(0, ...routes.map(({ prefix }) => prefix.length)) + 2;
  return routes.map(({ prefix, source, network, state, fault }) => {
    const origin = network === undefined ? source : `${source} ${network}`;
    return `${prefix.padEnd(width)}${origin}  ${state}${fault === undefined ? "" : `: ${fault}`}`;
  });
}

function dockerLine({ state, socket, engine, api, fault }: DockerStatus): string {
  if (state === "connected") return `Engine ${engine} at ${socket}, API ${api}`;
  return fault === undefined ? state : `${state}: ${fault}`;
}

/** What there is to say of the client container beside its name. */
const CONTAINER_STATES: Readonly<Record<ContainerStatus["state"], string>> = {
  off: "off",
  pending: "pending: waiting for the Docker Engine",
  "not-required": "not required: Docker runs on this host",
  missing: "missing",
  conflict: "conflict: not managed by this program",
  external: "external: not managed by this program, used as it is",
  created: "created",
  running: "running",
  restarting: "restarting",
  stopped: "stopped",
};

function containerLines({ container }: DockerStatus): string[] {
  if (container === null) return [];
  const { name, state, image, fault } = container;
  const of = image === null ? "" : `, ${image}`;
  return [`${name}, ${CONTAINER_STATES[state]}${of}`, ...fault === undefined ? [] : [fault]];
}

/** Why a subnet has no route of its own; one that has is among the routes. */
const unroutedReasons: Readonly<Partial<Record<SubnetStatus["state"], string>>> = {
  config: "left to a route line",
  off: "switched off by a network line",
  ipv6: "IPv6 is off",
};

function unroutedLines({ networks }: DockerStatus): string[] {
  return networks.flatMap(({ name, subnets }) =>
    subnets.flatMap(({ prefix, state }) => {
      const reason = unroutedReasons[state];
      return reason === undefined ? [] : [`${prefix} of ${name}: ${reason}`];
    })
  );
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

/** Seconds since the config was taken over, by the clock of the program that answered. */
function configAge({ startedAt, uptimeSeconds, config }: ServerStatus): number {
  const age = (Date.parse(startedAt) - Date.parse(config.loadedAt)) / 1000 + uptimeSeconds;
  return Number.isFinite(age) ? age : 0;
}

function formatAge(seconds: number): string {
  return seconds < 1 ? "just now" : `${formatDuration(seconds)} ago`;
}
