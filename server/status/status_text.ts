/**
 * The server's status as text for people.
 *
 * @module
 */
import { formatBytes } from "../../cli/format.ts";
import { PLAIN_LAYOUT, type TextLayout } from "../../program/fault_text.ts";
import type { StatusFormat } from "../../program/show_status.ts";
import {
  counterRows,
  dropLines,
  formatAge,
  interfaceRows,
  labelled,
  renderStatus,
  routeRows,
  withFault,
} from "../../program/status_text.ts";
import {
  type AccessorStatus,
  type ContainerStatus,
  type DockerStatus,
  type HostsStatus,
  type NamesStatus,
  type PathsStatus,
  type ProxyStatus,
  SERVER_STATUS,
  type ServerStatus,
  type SharingStatus,
  type SubnetStatus,
} from "./status_document.ts";

type FirewallStatus = NonNullable<NonNullable<ServerStatus["client"]>["firewall"]>;

export const SERVER_STATUS_FORMAT: StatusFormat<ServerStatus> = {
  program: "docker-connector",
  schema: SERVER_STATUS,
  text: statusText,
};

export function statusText(status: ServerStatus, layout: TextLayout = PLAIN_LAYOUT): string {
  const { client, config, sharing } = status;
  const { subnets = [], truncatedSubnets = 0, firewall } = client ?? {};
  const routes = status.routes.map(({ source, network, state, halves, ...route }) => ({
    ...route,
    state: `${source}${network === undefined ? "" : ` ${network}`}  ${state}${
      halves === undefined ? "" : " by its halves"
    }`,
  }));
  return renderStatus(status, [
    ...interfaceRows(status.interface),
    ["listen", status.listen],
    ["client", clientLine(client)],
    ...labelled("", subnetLines(subnets, truncatedSubnets)),
    ["path", pathLine(status.paths)],
    ...labelled("", otherPathLines(status.paths)),
    ...labelled("firewall", firewall === undefined ? [] : [firewallLine(firewall)]),
    ...routeRows(routes),
    ["docker", dockerLine(status.docker)],
    ...labelled("container", containerLines(status.docker)),
    ...labelled("unrouted", unroutedLines(status.docker)),
    ...counterRows(status.counters),
    ...labelled("names", status.names === null ? [] : namesLines(status.names)),
    ...labelled("sharing", sharing === null ? [] : sharingLines(sharing)),
    ...labelled("hosts", status.hosts.map(hostsLine)),
    ...labelled("proxy", status.proxies.map(proxyLine)),
    ...labelled("https", httpsLines(status.https)),
    ...labelled("page", pageLines(status.web)),
    ["offload", status.dataPlane.offload ? "on" : "off"],
    ["config", config.file === null ? "no file" : `${config.file}, loaded ${formatAge(configAge(status))}`],
    ...labelled("", config.faults.map((fault) => `not applied: ${fault}`)),
  ], layout);
}

function clientLine(client: ServerStatus["client"]): string {
  if (client === null) return "none yet";
  const { endpoint, lastHeardSeconds, version } = client;
  return `${endpoint ?? "through the Engine alone"}, heard ${formatAge(lastHeardSeconds)}${
    version === undefined ? "" : `, version ${version}`
  }`;
}

function pathLine({ inUse, reason, list }: PathsStatus): string {
  if (inUse === null) return `none: ${reason}`;
  const path = list.find(({ kind }) => kind === inUse);
  const { address } = path ?? {};
  return `${inUse}${address === undefined ? "" : ` to ${address}`}, ${reason}${roundTripText(path)}`;
}

/** The paths that are not in use, with why not. */
function otherPathLines({ inUse, list }: PathsStatus): string[] {
  return list.filter(({ kind }) => kind !== inUse).map((path) =>
    `${path.kind}: ${path.state}${path.reason === undefined ? "" : `, ${path.reason}`}${roundTripText(path)}`
  );
}

function roundTripText(path: PathsStatus["list"][number] | undefined): string {
  const { roundTripMs = null } = path ?? {};
  return roundTripMs === null ? "" : `, ${roundTripMs.toFixed(2)} ms there and back`;
}

/** The container networks of the client's machine, a few to a line. */
function subnetLines(subnets: readonly string[], more: number): string[] {
  if (subnets.length === 0) return [];
  return [`networks there: ${subnets.join(", ")}${more === 0 ? "" : ` and ${more} more`}`];
}

function firewallLine({ state, backend, rules, fault }: FirewallStatus): string {
  const place = backend === null ? "" : `, ${rules} ${rules === 1 ? "rule" : "rules"} in ${backend}`;
  return withFault(`${FIREWALL_STATES[state]}${place}`, fault);
}

const FIREWALL_STATES: Readonly<Record<FirewallStatus["state"], string>> = {
  open: "open for the tunnel",
  waiting: "no chain of Docker's yet",
  nftables: "Docker's own nftables, closed",
  fault: "faulty",
};

function dockerLine({ state, socket, engine, api, fault }: DockerStatus): string {
  if (state === "connected") return `Engine ${engine} at ${socket}, API ${api}`;
  return withFault(state, fault);
}

/** The states of the client container that take more than their name. */
const CONTAINER_STATES: Readonly<Partial<Record<ContainerStatus["state"], string>>> = {
  pending: "pending: waiting for the Docker Engine",
  "not-required": "not required: Docker runs on this host",
  conflict: "conflict: not managed by this program",
  external: "external: not managed by this program, used as it is",
};

function containerLines({ container }: DockerStatus): string[] {
  if (container === null) return [];
  const { name, state, image, fault } = container;
  const of = image === null ? "" : `, ${image}`;
  return [`${name}, ${CONTAINER_STATES[state] ?? state}${of}`, ...fault === undefined ? [] : [fault]];
}

/** Why a subnet has no route of its own; one that has is among the routes. */
const UNROUTED_REASONS: Readonly<Partial<Record<SubnetStatus["state"], string>>> = {
  config: "left to a route line",
  off: "switched off by a network line",
  ipv6: "IPv6 is off",
};

function unroutedLines({ networks }: DockerStatus): string[] {
  return networks.flatMap(({ name, subnets }) =>
    subnets.flatMap(({ prefix, state }) => {
      const reason = UNROUTED_REASONS[state];
      return reason === undefined ? [] : [`${prefix} of ${name}: ${reason}`];
    })
  );
}

function namesLines({ domain, names, listen, resolver, fault }: NamesStatus): string[] {
  const place = listen.length === 0 ? "not answered yet" : `answered at ${listen.join(" and ")}`;
  return [
    `${names} below ${domain}, ${place}`,
    ...fault === undefined ? [] : [fault],
    withFault(`resolver: ${resolver.kind}`, resolver.fault),
  ];
}

/** The lines of the sharing: the socket, then a line for each session, then what was dropped. */
export function sharingLines(sharing: SharingStatus): string[] {
  const { tokens, weak, deriving, sessions, drops } = sharing;
  const dropped = dropLines(drops);
  return [
    socketLine(sharing),
    `${tokens} ${tokens === 1 ? "token" : "tokens"}` +
    (deriving === 0 ? "" : `, ${deriving} of them not ready yet`) +
    (weak === 0 ? "" : `, ${weak} of them weak`),
    ...sessions.map(sessionLine),
    ...dropped.length === 0 ? [] : [`dropped: ${dropped.join(", ")}`],
  ];
}

function socketLine({ listen, legacy, cipher, fault }: SharingStatus): string {
  if (fault !== undefined) return fault;
  return `${listen}, ${cipher ?? "not open yet"}${legacy ? ", plaintext logins admitted" : ""}`;
}

function sessionLine(session: AccessorStatus): string {
  const { address, endpoint, legacy, lastHandshakeSeconds, received, sent, dropped } = session;
  return [
    `${address} at ${endpoint ?? "an unknown endpoint"}${legacy ? " in plaintext" : ""}`,
    `${legacy ? "login" : "handshake"} ${formatAge(lastHandshakeSeconds)}`,
    `received ${formatBytes(received.bytes)}`,
    `sent ${formatBytes(sent.bytes)}`,
    ...dropped === 0 ? [] : [`${dropped} dropped`],
  ].join(", ");
}

function httpsLines(https: ServerStatus["https"]): string[] {
  if (https === null) return [];
  const { fault, certificate, containers, domain } = https;
  if (fault !== undefined) return [fault];
  if (!certificate) return ["the client has no certificate yet"];
  return [`names below ${domain}, ${containers} ${containers === 1 ? "address" : "addresses"}`];
}

function pageLines(web: ServerStatus["web"]): string[] {
  return web === null ? [] : [web.fault ?? `http://${web.listen}/`];
}

function hostsLine({ file, domains, names, fault }: HostsStatus[number]): string {
  return withFault(`${file}, ${names} ${names === 1 ? "name" : "names"} of ${domains.join(" ")}`, fault);
}

function proxyLine({ listen, target, connections, flows, fault }: ProxyStatus): string {
  const traffic = `${connections} ${connections === 1 ? "connection" : "connections"}` +
    (flows === 0 ? "" : `, ${flows} UDP ${flows === 1 ? "flow" : "flows"}`);
  return withFault(`${listen.join(" ") || "not open"} to ${target}, ${traffic}`, fault);
}

/** Seconds since the config was taken over, by the clock of the program that answered. */
function configAge({ startedAt, uptimeSeconds, config }: ServerStatus): number {
  const age = (Date.parse(startedAt) - Date.parse(config.loadedAt)) / 1000 + uptimeSeconds;
  return Number.isFinite(age) ? age : 0;
}
