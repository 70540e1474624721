import { counted, formatBytes, formatCount, formatDuration, formatMs, holds, make } from "./format.js";

/** Rows of a table that are shown. */
const MAX_ROWS = 200;

/** @typedef {string | Node | { number: string }} Cell */

/**
 * @param {HTMLTableElement} table
 * @param {string} caption for screen readers
 * @param {string[]} heads a trailing # makes a column of numbers
 * @param {Cell[][]} rows
 * @param {string} none what stands for no rows
 */
function fill(table, caption, heads, rows, none) {
  if (rows.length === 0) {
    table.replaceChildren(make("caption", {}, caption), make("tbody", {}, make("tr", {}, make("td.empty", {}, none))));
    return;
  }
  const isNumber = heads.map((head) => head.endsWith("#"));
  const head = make(
    "tr",
    {},
    ...heads.map((text, index) => make(isNumber[index] ? "th.number" : "th", { scope: "col" }, text.replace("#", ""))),
  );
  const body = rows.slice(0, MAX_ROWS).map((cells) =>
    make("tr", {}, ...cells.map((cell, index) => make(isNumber[index] ? "td.number" : "td", {}, cell)))
  );
  const rest = rows.length - body.length;
  if (rest > 0) body.push(make("tr", {}, make("td.empty", { colspan: String(heads.length) }, `and ${counted(rest, "row")} more`)));
  table.replaceChildren(make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...body));
}

const mono = (text) => make("span.mono", {}, text);
const badge = (text, kind) => make(`span.state${kind === "" ? "" : `.${kind}`}`, {}, text);

const PATH_KINDS = { "in-use": "good", standby: "", silent: "warn", recovering: "warn", down: "" };

/** @param {HTMLTableElement} table */
export function showPaths(table, { paths }, counters) {
  const rows = paths.list.map(({ kind, state, reason, address, remedy }) => {
    const live = counters.paths.find((path) => path.kind === kind) ?? {};
    return [
      make("strong", {}, kind),
      badge(state === "in-use" ? "in use" : state, PATH_KINDS[state] ?? ""),
      formatMs(live.roundTripMs),
      live.sent === undefined ? "\u2013" : formatBytes(live.sent.bytes),
      live.received === undefined ? "\u2013" : formatBytes(live.received.bytes),
      [address === undefined ? "" : `to ${address}`, reason ?? "", remedy ?? ""].filter((text) => text !== "").join(", "),
    ];
  });
  fill(table, "Paths to the Docker machine", ["path", "state", "round trip#", "sent#", "received#", "why"], rows, "No paths");
}

/** @param {HTMLTableElement} table */
export function showRoutes(table, { routes, docker, interface: { peer } }) {
  const nameOf = (prefix) => docker.networks.find(({ subnets }) => subnets.some((subnet) => subnet.prefix === prefix))?.name;
  const routed = new Set(routes.map(({ prefix }) => prefix));
  const unrouted = docker.networks.flatMap(({ name, subnets }) =>
    subnets.filter(({ prefix }) => !routed.has(prefix)).map(({ prefix, state }) => [
      mono(prefix),
      name,
      badge(state === "config" ? "by a route line" : state === "ipv6" ? "IPv6 is off" : state, ""),
      "",
    ])
  );
  const rows = routes.map(({ prefix, source, network, state, via, fault }) => [
    mono(prefix),
    network ?? nameOf(prefix) ?? (holds(prefix, peer) ? "the tunnel's own" : source === "config" ? "route line" : ""),
    badge(state, state === "active" ? "good" : "bad"),
    fault ?? (via === undefined ? "through the tunnel" : `direct, from ${via}`),
  ]);
  fill(table, "Routes to container networks", ["network", "name", "state", "way"], [...rows, ...unrouted], "No routes");
}

/** @param {HTMLTableElement} table */
export function showSessions(table, { sharing }, counters) {
  if (sharing === null) return;
  const rows = sharing.sessions.map(({ address, endpoint, legacy }) => {
    const live = counters.sessions.find((session) => session.address === address);
    const age = live?.lastHandshakeSeconds ?? null;
    return [
      mono(address),
      mono(endpoint ?? "\u2013"),
      legacy ? badge("plaintext", "warn") : badge("encrypted", "good"),
      age === null ? "none yet" : `${formatDuration(age)} ago`,
      formatBytes(live?.received.bytes ?? 0),
      formatBytes(live?.sent.bytes ?? 0),
      formatCount(live?.dropped ?? 0),
    ];
  });
  const heads = ["address", "from", "wire", "handshake", "received#", "sent#", "dropped#"];
  fill(table, "Sessions of accessors", heads, rows, `Nobody is connected; ${counted(sharing.tokens, "token")} at ${sharing.listen}`);
}

/** @param {HTMLTableElement} table */
export function showDrops(table, { drops }) {
  const rows = drops.toSorted((a, b) => b.count - a.count).map(({ where, reason, count, unit, label }) => [
    make("span", {}, mono(reason), where === "sharing" ? " (sharing)" : ""),
    `${unit}: ${label}`,
    formatCount(count),
  ]);
  fill(table, "Dropped packets and datagrams by reason", ["reason", "what", "count#"], rows, "Nothing was dropped");
}

/** @param {HTMLElement} list */
export function showDetails(list, state, counters) {
  const { docker, client, config, sharing, dataPlane } = state;
  const engine = docker.state === "connected" ? `${docker.engine} at ${docker.socket}, API ${docker.api}` : docker.state;
  const container = docker.container;
  const rows = [
    ["interface", [`${state.interface.name}, MTU ${state.interface.mtu}`, state.interface.address, state.interface.address6]],
    ["listens on", [`${state.listen} (UDP)`]],
    ["client", client === null ? ["none yet"] : [client.endpoint ?? "through the Engine alone", `heard ${formatDuration(counters.lastHeardSeconds ?? 0)} ago`]],
    ["Engine", [engine]],
    ["container", container === null ? [] : [`${container.name}, ${container.state}`, container.image]],
    ["firewall", client?.firewall === undefined ? [] : [`${client.firewall.state}, ${counted(client.firewall.rules, "rule")}${client.firewall.backend === null ? "" : ` in ${client.firewall.backend}`}`]],
    ["names", state.names === null ? ["off"] : [`${counted(state.names.names, "name")} below ${state.names.domain}`, state.names.fault ?? state.names.resolver.fault]],
    ["sharing", sharing === null ? ["off"] : [sharing.listen, counted(sharing.tokens, "token"), sharing.cipher]],
    ["config", [config.file ?? "no file"]],
    ["offload", [dataPlane.offload ? "on" : "off"]],
    ["process", [`${state.pid}, up ${formatDuration(counters.uptimeSeconds)}`]],
  ];
  list.replaceChildren(
    ...rows.filter(([, values]) => values.length > 0).flatMap(([name, values]) => [
      make("dt", {}, name),
      make("dd", {}, values.filter(Boolean).join(", ")),
    ]),
  );
}
