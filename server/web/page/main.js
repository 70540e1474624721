import { Charts } from "./charts.js";
import { showDoctor } from "./doctor.js";
import { headlineOf, moodOf, showAges, showFaults } from "./faults.js";
import { counted, formatDuration, formatMs, make } from "./format.js";
import { showDetails, showDrops, showPaths, showRoutes, showSessions } from "./tables.js";
import { Topology } from "./topology.js";

const at = (id) => document.getElementById(id);

const topology = new Topology(at("map"));
const charts = new Charts({
  throughput: at("throughput"),
  throughputKey: at("throughput-key"),
  roundTrip: at("round-trip"),
  roundTripKey: at("round-trip-key"),
});

let state;
let sample;
let before;

/** Sets a text only when it differs, so that screen readers hear of changes alone. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showState() {
  const summary = headlineOf(state);
  say(at("summary"), summary);
  at("hero").className = `hero ${moodOf(state)}`;
  document.title = `${summary} \u2013 docker-connector`;
  showFaults(at("faults-section"), at("faults"), state);
  showAges(at("faults"), Date.now());
  topology.draw(state);
  showRoutes(at("routes"), state);
  at("sessions-section").hidden = state.sharing === null;
  at("doctor-section").hidden = !state.hasDoctor;
  say(at("version"), `docker-connector ${state.version}, commit ${state.commit}, Deno ${state.deno}`);
  const { networks } = state.docker;
  const many = state.containerCount === undefined ? "" : `, ${counted(state.containerCount, "container")}`;
  say(at("map-note"), `${counted(networks.length, "network")}${many}`);
}

function showSample() {
  showAges(at("faults"), Date.now());
  topology.flow(sample.traffic, sessionRates());
  showPaths(at("paths"), state, sample);
  showSessions(at("sessions"), state, sample);
  showDrops(at("drops"), sample);
  showDetails(at("details"), state, sample);
  const { inUse } = state.paths;
  const { engine } = state.docker;
  const facts = [
    ["Path", inUse ?? "none"],
    ["Round trip", formatMs(sample.paths.find(({ kind }) => kind === inUse)?.roundTripMs)],
    ["Docker Engine", engine ?? state.docker.state],
    ...state.sharing === null ? [] : [["Accessors", String(state.sharing.sessions.length)]],
    ["Up for", formatDuration(sample.uptimeSeconds)],
  ];
  at("facts").replaceChildren(...facts.map(([name, value]) => make("span", {}, `${name} `, make("b", {}, value))));
}

/** Bits a second of each session, from the last two samples. */
function sessionRates() {
  const seconds = before === undefined ? 0 : sample.uptimeSeconds - before.uptimeSeconds;
  if (seconds <= 0) return new Map();
  return new Map(sample.sessions.map(({ address, sent, received }) => {
    const old = before.sessions.find((session) => session.address === address);
    const rate = (now, then) => Math.max(0, now.bytes - (then?.bytes ?? now.bytes)) * 8 / seconds;
    // The desktop receives what an accessor sends.
    return [address, { sent: rate(received, old?.received), received: rate(sent, old?.sent) }];
  }));
}

function connect() {
  const events = new EventSource("/v1/events");
  const live = at("live");
  const show = (word, kind) => {
    say(live, word);
    live.className = `live ${kind}`;
  };
  events.addEventListener("open", () => show("live", "on"));
  events.addEventListener("error", () => {
    show("no connection", "off");
    // A refused stream is not tried again by the browser.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
  events.addEventListener("history", ({ data }) => charts.replace(JSON.parse(data)));
  events.addEventListener("state", ({ data }) => {
    const next = JSON.parse(data);
    // Another server answers by now: its page may be another, too.
    if (state !== undefined && state.commit !== next.commit) return location.reload();
    state = next;
    showState();
    if (sample !== undefined) showSample();
  });
  events.addEventListener("sample", ({ data }) => {
    before = sample;
    sample = JSON.parse(data);
    if (sample.traffic !== null) charts.add(sample.traffic);
    if (!document.hidden) showSample();
  });
}

at("doctor-run").addEventListener("click", () => showDoctor(at("doctor-run"), at("doctor")));
connect();
