import { counted, formatMs, formatRate, holds, make } from "./format.js";

/** Networks, containers of one network and accessors that are drawn; the tables below list the rest. */
const MAX_NETWORKS = 10;
const MAX_CONTAINERS = 10;
const MAX_ACCESSORS = 6;

/** Milliseconds between two steps of the dots that show traffic: few enough that drawing costs nothing. */
const STEP = 250;

/** Bits a second that are drawn as traffic. */
const MIN_RATE = 1000;

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  desktop: "M3 4h18v12H3zM8 20h8M12 16v4",
  machine: "M3 7l9-4 9 4v10l-9 4-9-4zM3 7l9 4 9-4M12 11v10",
  network: "M12 3v6M6 15v-3h12v3M4 15h4v5H4zM16 15h4v5h-4zM10 3h4",
  accessor: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c1-5 15-5 16 0",
};

/** The drawing: nodes are HTML in columns, the wires between them SVG. */
export class Topology {
  /** @type {{ from: Element, to: Element, kind: string, rates: () => { sent: number, received: number } }[]} */
  #wires = [];
  #nodes = new Map();
  #seen = new Set();
  #isFirst = true;
  #offset = 0;
  #rates = { sent: 0, received: 0 };
  #sessionRates = new Map();
  #rateLine = make("span.rate");
  #roundTrip = make("span.soft");

  /** @param {HTMLElement} map */
  constructor(map) {
    this.map = map;
    this.svg = map.querySelector("#wires");
    this.columns = Object.fromEntries(
      ["accessors", "desktop", "link", "machine", "networks"].map((name) => [name, map.querySelector(`#${name}-column`)]),
    );
    new ResizeObserver(() => this.#wire()).observe(map);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) setInterval(() => this.#step(), STEP);
  }

  /** Draws the state. */
  draw(state) {
    const { columns } = this;
    this.#nodes.clear();
    const sessions = state.sharing?.sessions ?? [];
    columns.accessors.hidden = state.sharing === null;
    this.map.classList.toggle("alone", state.sharing === null);
    columns.accessors.replaceChildren(...this.#accessors(state.sharing, sessions));
    columns.desktop.replaceChildren(this.#node("desktop", "desktop", "This desktop", [
      state.interface.address,
      state.interface.name,
      `MTU ${state.interface.mtu}`,
    ], { bad: state.interface.fault !== undefined }));
    columns.link.replaceChildren(this.#path(state.paths));
    columns.machine.replaceChildren(this.#node("machine", "machine", "Docker machine", machineLines(state), {
      bad: state.client === null || state.docker.fault !== undefined,
    }));
    columns.networks.replaceChildren(...this.#networks(state));
    this.#isFirst = false;
    this.#wires = [
      ...sessions.slice(0, MAX_ACCESSORS).map(({ address }) => ({
        from: this.#nodes.get(`accessor ${address}`),
        to: this.#nodes.get("desktop"),
        kind: "used",
        rates: () => this.#sessionRates.get(address) ?? { sent: 0, received: 0 },
      })),
      { from: this.#nodes.get("desktop"), to: this.#nodes.get("path"), kind: state.paths.inUse === null ? "broken" : "used", rates: () => this.#rates },
      { from: this.#nodes.get("path"), to: this.#nodes.get("machine"), kind: state.paths.inUse === null ? "broken" : "used", rates: () => this.#rates },
      ...this.networkWires,
    ];
    this.#wire();
  }

  /** Shows the rates of this moment. */
  flow(traffic, sessionRates) {
    this.#rates = { sent: traffic?.sent ?? 0, received: traffic?.received ?? 0 };
    this.#sessionRates = sessionRates;
    this.#rateLine.replaceChildren(
      make("span.dot.sent"),
      `${formatRate(this.#rates.sent)} \u2192`,
      make("br"),
      make("span.dot.received"),
      `${formatRate(this.#rates.received)} \u2190`,
    );
    this.#roundTrip.textContent = traffic?.roundTripMs === null || traffic === null
      ? ""
      : `${formatMs(traffic.roundTripMs)} round trip`;
  }

  #node(key, icon, title, lines, { bad = false, small = false } = {}) {
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", "0 0 24 24");
    picture.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", ICONS[icon]);
    for (const [name, value] of [["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "2"], ["stroke-linejoin", "round"], ["stroke-linecap", "round"]]) {
      line.setAttribute(name, value);
    }
    picture.append(line);
    const node = make(`div.node${bad ? ".bad" : ""}${small ? ".small" : ""}`, {}, make("h3", {}, picture, title), ...lines.filter(Boolean).map((text) => make("p", {}, text)));
    this.#mark(key, node);
    return node;
  }

  /** Remembers a node; one that was not there before is shown as new. */
  #mark(key, node) {
    this.#nodes.set(key, node);
    if (!this.#isFirst && !this.#seen.has(key)) node.classList.add("new");
    this.#seen.add(key);
  }

  #accessors(sharing, sessions) {
    if (sharing === null) return [];
    const shown = sessions.slice(0, MAX_ACCESSORS).map(({ address, endpoint, legacy }) =>
      this.#node(`accessor ${address}`, "accessor", address, [endpoint ?? "", legacy ? "in plaintext" : ""], { small: true })
    );
    const rest = sessions.length - shown.length;
    if (shown.length === 0) return [make("p.more", {}, `No accessor; ${counted(sharing.tokens, "token")}`)];
    return rest > 0 ? [...shown, make("p.more", {}, `and ${rest} more`)] : shown;
  }

  #path({ inUse, reason }) {
    const node = make(
      `div.path${inUse === null ? ".none" : ""}`,
      {},
      make("strong", {}, inUse === null ? "no path" : `${inUse} path`),
      inUse === null
        ? make("span.soft", {}, reason)
        : inUse === "direct"
        ? make("span.soft", {}, "carried by the system, not counted")
        : this.#rateLine,
      " ",
      this.#roundTrip,
    );
    this.#nodes.set("path", node);
    return node;
  }

  #networks(state) {
    this.networkWires = [];
    const routes = new Map(state.routes.map((route) => [route.prefix, route]));
    const named = state.docker.networks.map(({ name, subnets, reachable }) => ({
      name,
      subnets,
      isSilent: reachable === "no",
      containers: (state.containers ?? []).filter(({ networks }) => networks.some((network) => network.name === name)),
    }));
    const listed = new Set(named.flatMap(({ subnets }) => subnets.map(({ prefix }) => prefix)));
    // The tunnel's own network has a route for the accessors' sake; it holds no container.
    const isContainers = ({ prefix }) => !listed.has(prefix) && !holds(prefix, state.interface.peer);
    const written = state.routes.filter(isContainers).map(({ prefix, state, fault }) => ({
      name: prefix,
      subnets: [{ prefix, state, fault, isWritten: true }],
      isSilent: false,
      containers: [],
    }));
    const all = [...named, ...written].sort((a, b) => b.containers.length - a.containers.length);
    const shown = all.slice(0, MAX_NETWORKS).map((network) => this.#network(network, routes));
    if (shown.length === 0) return [make("p.more", {}, "No networks yet")];
    const rest = all.length - shown.length;
    return rest > 0 ? [...shown, make("p.more", {}, `and ${counted(rest, "network")} more`)] : shown;
  }

  #network({ name, subnets, containers, isSilent }, routes) {
    const states = subnets.map(({ prefix, state }) => routes.get(prefix)?.state ?? state);
    const isBad = states.includes("failed") || isSilent;
    const isActive = states.some((state) => state === "active" || state === "config");
    const chips = containers.slice(0, MAX_CONTAINERS).map((container) => {
      const { addresses = [] } = container.networks.find((network) => network.name === name) ?? {};
      const chip = make("li", { title: container.image }, container.name, make("span", {}, addresses[0] ?? ""));
      this.#mark(`container ${name} ${container.name}`, chip);
      return chip;
    });
    const rest = containers.length - chips.length;
    const title = this.#node(`network ${name}`, "network", name, []);
    title.classList.add("network");
    const prefixes = subnets.map(({ prefix, isWritten }) => isWritten ? "route of the config file" : prefix).join(", ");
    title.append(
      make("p", {}, make("span.mono", {}, prefixes), " ", (!isActive || isBad) && make(`span.state${isBad ? ".bad" : ""}`, {}, isSilent ? "does not answer" : stateWord(states))),
    );
    if (chips.length > 0) title.append(make("ul.chips", {}, ...chips, rest > 0 && make("li", {}, `+${rest}`)));
    if (isBad) title.classList.add("bad");
    this.networkWires.push({
      from: this.#nodes.get("machine") ?? this.columns.machine,
      to: title,
      kind: isBad ? "broken" : isActive ? "used" : "",
      rates: () => ({ sent: 0, received: 0 }),
    });
    return title;
  }

  /** Lays the wires between the nodes as they stand. */
  #wire() {
    const base = this.map.getBoundingClientRect();
    const isTall = getComputedStyle(this.map).gridTemplateColumns.split(" ").length === 1;
    const lines = [];
    for (const { from, to, kind, rates } of this.#wires) {
      if (from === undefined || to === undefined) continue;
      const [a, b] = [from.getBoundingClientRect(), to.getBoundingClientRect()];
      // On a narrow page only the first of several nodes below each other gets a wire.
      if (isTall && (b.top - a.bottom > 60 || b.top < a.bottom)) continue;
      const d = isTall ? vertical(a, b, base) : horizontal(a, b, base);
      const wire = path(d, kind);
      lines.push(wire);
      const { sent, received } = rates();
      if (sent >= MIN_RATE || received >= MIN_RATE) {
        if (sent >= MIN_RATE) lines.push(path(d, "flow sent", -this.#offset));
        if (received >= MIN_RATE) lines.push(path(d, "flow received", this.#offset + 8));
      }
    }
    this.svg.replaceChildren(...lines);
  }

  #step() {
    if (document.hidden) return;
    const isMoving = this.#wires.some(({ rates }) => rates().sent >= MIN_RATE || rates().received >= MIN_RATE);
    if (!isMoving && this.svg.querySelector(".flow") === null) return;
    this.#offset = (this.#offset + 4) % 16;
    this.#wire();
  }
}

function stateWord(states) {
  const [state = ""] = states;
  const words = { failed: "no route", off: "switched off", ipv6: "IPv6 is off", config: "by a route line" };
  return words[state] ?? state;
}

function machineLines({ docker, client }) {
  const engine = docker.state === "connected" ? `Docker Engine ${docker.engine}` : docker.state === "off" ? "Engine not followed" : "No Engine answers";
  if (client === null) return [engine, "no client yet"];
  return [engine, `client${client.version === undefined ? "" : ` ${client.version}`}${client.endpoint === null ? "" : ` at ${client.endpoint}`}`];
}

function path(d, kind, offset) {
  const element = document.createElementNS(SVG, "path");
  element.setAttribute("d", d);
  element.setAttribute("class", kind);
  if (offset !== undefined) element.setAttribute("stroke-dashoffset", String(offset));
  return element;
}

function horizontal(a, b, base) {
  const [x1, y1] = [a.right - base.left, a.top + a.height / 2 - base.top];
  const [x2, y2] = [b.left - base.left, b.top + b.height / 2 - base.top];
  const bend = (x2 - x1) / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function vertical(a, b, base) {
  const x = (r) => r.left + r.width / 2 - base.left;
  const [x1, y1, x2, y2] = [x(a), a.bottom - base.top, x(b), b.top - base.top];
  return `M${x1} ${y1}L${x2} ${y2}`;
}
