/**
 * The server's answer to `GET /v1/status`.
 *
 * @module
 */
import * as v from "valibot";
import * as f from "../../program/status_document.ts";
import { PATH_KINDS } from "../../core/path/path_kind.ts";
import { HEARTBEAT_FAULTS } from "../../core/protocol/heartbeat_fault.ts";
import { FIREWALL_STATES } from "../../core/protocol/description.ts";

const ROUTE_STATES = ["active", "failed"] as const;

const route = v.object({
  prefix: f.text("The container network, for example 172.20.0.0/16."),
  source: f.oneOf(["config", "docker"], "Who asked for it."),
  network: f.optional(f.text("Name of the Docker network, for a route that is there because of one.")),
  state: f.oneOf(ROUTE_STATES, "Whether the system has it and sends packets by it."),
  via: f.optional(f.text("The machine's own address that it leads by while packets need no tunnel.")),
  halves: f.optional(
    f.list(
      f.text("Half of the prefix."),
      "What is routed in its place where a VPN has a route of the very same prefix.",
    ),
  ),
  ...f.routeProblemFields,
});

const subnet = v.object({
  prefix: f.text("For example 172.20.0.0/16."),
  state: f.oneOf(
    [...ROUTE_STATES, "config", "off", "ipv6"],
    "The state of its route; or why it has none of its own: a route line covers it (config), a network line " +
      "switches it off (off), it is IPv6 while that is off (ipv6).",
  ),
});

const container = f.group("The client container.", {
  name: f.text("Its name, or the one that it is to have."),
  state: f.oneOf(
    [
      "off",
      "pending",
      "not-required",
      "missing",
      "conflict",
      "external",
      "created",
      "running",
      "restarting",
      "stopped",
    ],
    "off: by --image off; pending: waits for an Engine; not-required: the Engine is on this machine; missing: cannot be " +
      "created yet; created: is being started; stopped: cannot be started; restarting: ends soon after each start; " +
      "conflict: a container that is not managed has the name; external: the user runs a client, which is used as it is.",
  ),
  image: f.nullable(f.text("The image's name or file; null where that is not known.")),
  port: f.optional(
    f.number(
      "The UDP port that a running client of the user sends to; absent where its container names none.",
    ),
  ),
  ...f.problemFields("What stands against its running, or against its running with the newest image."),
});

const docker = f.group("The Docker Engine and its networks.", {
  state: f.oneOf(
    ["off", "connecting", "connected"],
    "off: by the configuration; connecting: no Engine answers yet.",
  ),
  socket: f.nullable(f.text("Path of the Engine's socket; this and the next two are null unless connected.")),
  engine: f.nullable(f.text("The Engine's version.")),
  api: f.nullable(f.text("The version of the API that is spoken with it.")),
  clockSeconds: f.optional(
    f.number(
      "How far its clock is ahead of this machine's, by its last answers; absent where they tell no time.",
    ),
  ),
  ...f.problemFields("Why no Engine answers."),
  networks: f.list(
    v.object({
      name: f.text("Its name."),
      subnets: f.list(subnet, "Its subnets."),
      reachable: f.optional(
        f.oneOf(
          ["yes", "no", "unknown"],
          "Whether a container of it answers this machine; unknown: it has none that can tell, or no path is up.",
        ),
      ),
    }),
    "The bridge networks, as they were last listed.",
  ),
  container: f.nullable(container),
});

const client = f.group("The client that has made itself known.", {
  endpoint: f.nullable(
    f.text(
      "Where its datagrams come from, for example 172.17.0.1:51234; null while only the Engine leads to it.",
    ),
  ),
  lastHeardSeconds: f.number("Seconds since its last datagram."),
  version: f.optional(
    f.text("This and the next ones as the client says; absent for mac-docker-connector's client."),
  ),
  heartbeatMs: f.optional(f.number("Milliseconds between the heartbeats of an idle tunnel.")),
  addresses: f.optional(f.list(v.string(), "The addresses of its interface.")),
  subnets: f.optional(
    f.list(v.string(), "The container networks of its machine, the first ones if they are many."),
  ),
  truncatedSubnets: f.optional(f.number("How many more of them there are.")),
  direct: f.optional(
    f.list(
      v.string(),
      "Its machine's own addresses, each with the port where it answers probes of the direct path.",
    ),
  ),
  firewall: f.optional(f.group("Docker's firewall there.", {
    state: f.oneOf(FIREWALL_STATES, "Whether the tunnel's packets pass; see docs/internals/protocol.md."),
    backend: f.nullable(
      f.text("Whose chain has the client's rules, such as iptables-nft; null while none has."),
    ),
    rules: f.number("How many rules of the client are active."),
    ...f.problemFields("What keeps packets from passing; absent when nothing does."),
  })),
});

const refused = f.group("The last heartbeat that was not accepted.", {
  endpoint: f.text("Its sender, or the stream through the Engine."),
  reason: f.oneOf(
    HEARTBEAT_FAULTS,
    "length: it is none; no-key: it proves no key; proof: it proves another key; time, replay, challenge: its sender does not " +
      "answer a challenge, or too late.",
  ),
  clockSeconds: f.optional(f.number("For time: how far the sender's clock is ahead of this machine's.")),
  lastSeconds: f.number("Seconds since then."),
  count: f.number("How many there were since the start."),
});

const accessor = v.object({
  address: f.text("The accessor's virtual address, which stands for its token."),
  endpoint: f.nullable(f.text("Where its last authentic datagram came from; null while that is unknown.")),
  legacy: f.flag("Whether it is mac-docker-connector's accessor, without encryption."),
  lastHandshakeSeconds: f.nullable(
    f.number("Seconds since its last handshake, or since its login if legacy; null before the first."),
  ),
  received: f.direction("Packets from it that passed the filters."),
  sent: f.direction("Packets to it."),
  dropped: f.number("Packets from and to it that did not pass."),
});

const sharing = f.group("The sharing with accessors.", {
  listen: f.text("The endpoint of the exposed socket."),
  legacy: f.flag("Whether mac-docker-connector's login is admitted."),
  cipher: f.nullable(f.text("The code that encrypts: libcrypto or wasm; null while the socket is not open.")),
  tokens: f.number("How many tokens there are."),
  weak: f.number("How many of them can be guessed."),
  deriving: f.number("How many of them cannot log in yet, since their keys are still being derived."),
  sessions: f.list(accessor, "The sessions."),
  handshakes: f.number("Handshakes that were answered."),
  drops: f.dropsSchema,
  ...f.problemFields("Why the socket is not open; it is tried again."),
});

const names = f.group("The names of containers.", {
  domain: f.text("The domain."),
  listen: f.list(v.string(), "Where DNS is answered."),
  names: f.number("How many names there are, the desktop's own with them."),
  queries: f.number("Queries that were answered since the start."),
  refused: f.number("Queries of machines that are not answered, such as those of the local network."),
  resolver: f.resolverSchema,
  fault: f.optional(f.text("Why it is not answered somewhere; it is tried again.")),
});

const https = f.group("HTTPS of containers.", {
  domain: f.text("The domain below which names answer HTTPS."),
  certificate: f.flag("Whether the client has a certificate."),
  containers: f.number("Addresses of containers that have a web port."),
  fault: f.optional(f.text("Why it does not work.")),
});

const web = f.group("The status page.", {
  listen: f.text("Its address and TCP port, for example 127.0.0.1:2580."),
  fault: f.optional(f.text("Why it is not served; it is tried again.")),
});

const hosts = f.list(
  v.object({
    file: f.text("Path of the hosts file."),
    domains: f.list(v.string(), "Endings of the names that containers resolve."),
    names: f.number("How many names of it containers resolve."),
    faultyLines: f.number("Lines with an address or a name that cannot be used."),
    fault: f.optional(f.text("Why it cannot be read now; what it said last stays in use.")),
  }),
  "The hosts files whose names containers resolve.",
);

const proxies = f.list(
  v.object({
    listen: f.list(v.string(), "Where containers reach it, by TCP and UDP."),
    target: f.text("The service, for example 127.0.0.1:3306."),
    connections: f.number("TCP connections now."),
    flows: f.number("UDP flows now: sources that sent within the last two minutes."),
    accepted: f.number("TCP connections so far that the service took."),
    failed: f.number("TCP connections so far that it did not take."),
    fault: f.optional(f.text("Why it is not listened on, or why the service took no connection last.")),
  }),
  "The desktop's services that containers reach.",
);

const config = f.group("The active configuration.", {
  file: f.nullable(f.text("The file; null where there is none.")),
  loadedAt: f.text("When it was last taken over; ISO 8601, UTC."),
  faults: f.list(v.string(), "What is wrong with the file as it is now; the last good one is active."),
  ...f.problemFields("Why the active configuration is not applied; it is tried again."),
});

const paths = f.group("The paths to the client.", {
  preference: f.oneOf(["auto", ...PATH_KINDS], "What the configuration says."),
  inUse: f.nullable(f.oneOf(PATH_KINDS, "The path that packets take; null: none is up.")),
  reason: f.text("Why."),
  list: f.list(
    v.object({
      kind: f.oneOf(PATH_KINDS, "Which path."),
      state: f.oneOf(
        ["in-use", "standby", "silent", "recovering", "down"],
        "in-use: packets take it; standby: it works; silent: it does not answer; recovering: it has to hold for a while " +
          "before it is used again; down: it is not there.",
      ),
      roundTripMs: f.nullable(f.number("The least of the last round trips; null: not measured.")),
      reason: f.optional(f.text("Why it is used or not.")),
      remedy: f.optional(f.text("What to do, where it is down and something helps.")),
      address: f.optional(f.text("For direct: the machine's own address.")),
      interface: f.optional(f.text("For direct: the interface that leads there.")),
      sent: f.optional(
        f.direction("Packets sent by it; absent for direct, whose packets the system carries."),
      ),
      received: f.optional(f.direction("Packets received by it; absent for direct.")),
    }),
    "Each path.",
  ),
});

/** The form of the server's document. */
export const SERVER_STATUS = v.object({
  ...f.processFields("docker-connector"),
  interface: f.interfaceSchema,
  listen: f.text("The endpoint of the UDP socket."),
  client: f.nullable(client),
  refused: f.nullable(refused),
  paths,
  routes: f.list(route, "The routes into the tunnel."),
  docker,
  counters: f.countersSchema,
  dataPlane: f.group("How the packets are moved.", f.dataPlaneFields),
  sharing: f.nullable(sharing),
  names: f.nullable(names),
  hosts,
  proxies,
  https: f.nullable(https),
  web: f.nullable(web),
  config,
});

export type ServerStatus = v.InferOutput<typeof SERVER_STATUS>;
export type RouteStatus = v.InferOutput<typeof route>;
export type SubnetStatus = v.InferOutput<typeof subnet>;
export type ContainerStatus = v.InferOutput<typeof container>;
export type DockerStatus = v.InferOutput<typeof docker>;
export type NamesStatus = v.InferOutput<typeof names>;
/** The page, while `web` is set. */
export type WebStatus = v.InferOutput<typeof web>;
/** HTTPS, while it is on. */
export type HttpsStatus = v.InferOutput<typeof https>;
export type ConfigStatus = v.InferOutput<typeof config>;
export type PathsStatus = v.InferOutput<typeof paths>;
export type HostsStatus = ServerStatus["hosts"];
export type ProxyStatus = ServerStatus["proxies"][number];
export type AccessorStatus = v.InferOutput<typeof accessor>;
/** The sharing, while `expose` is set. */
export type SharingStatus = v.InferOutput<typeof sharing>;
