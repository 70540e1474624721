/**
 * The server's answer to `GET /v1/status`.
 *
 * @module
 */
import * as v from "valibot";
import {
  countersSchema,
  dataPlaneFields,
  direction,
  dropsSchema,
  flag,
  group,
  interfaceSchema,
  list,
  nullable,
  number,
  oneOf,
  optional,
  processFields,
  text,
} from "../../program/status_document.ts";
import { FIREWALL_STATES } from "../../core/protocol/description.ts";

const ROUTE_STATES = ["active", "failed"] as const;

const route = v.object({
  prefix: text("The container network, for example 172.20.0.0/16."),
  source: oneOf(["config", "docker"], "Who asked for it."),
  network: optional(text("Name of the Docker network, for a route that is there because of one.")),
  state: oneOf(ROUTE_STATES, "Whether the system has it."),
  fault: optional(text("Why it failed.")),
});

const subnet = v.object({
  prefix: text("For example 172.20.0.0/16."),
  state: oneOf(
    [...ROUTE_STATES, "config", "off", "ipv6"],
    "The state of its route; or why it has none of its own: a route line covers it (config), a network line " +
      "switches it off (off), it is IPv6 while that is off (ipv6).",
  ),
});

const container = group("The client container.", {
  name: text("Its name, or the one that it is to have."),
  state: oneOf(
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
  image: nullable(text("The image's name or file; null where that is not known.")),
  fault: optional(text("What stands against its running, or against its running with the newest image.")),
});

const docker = group("The Docker Engine and its networks.", {
  state: oneOf(
    ["off", "connecting", "connected"],
    "off: by the configuration; connecting: no Engine answers yet.",
  ),
  socket: nullable(text("Path of the Engine's socket; this and the next two are null unless connected.")),
  engine: nullable(text("The Engine's version.")),
  api: nullable(text("The version of the API that is spoken with it.")),
  fault: optional(text("Why no Engine answers.")),
  networks: list(
    v.object({ name: text("Its name."), subnets: list(subnet, "Its subnets.") }),
    "The bridge networks, as they were last listed.",
  ),
  container: nullable(container),
});

const client = group("The client that has made itself known.", {
  endpoint: text("Where its datagrams come from, for example 172.17.0.1:51234."),
  lastHeardSeconds: number("Seconds since its last datagram."),
  version: optional(
    text("This and the next ones as the client says; absent for mac-docker-connector's client."),
  ),
  addresses: optional(list(v.string(), "The addresses of its interface.")),
  subnets: optional(
    list(v.string(), "The container networks of its machine, the first ones if they are many."),
  ),
  truncatedSubnets: optional(number("How many more of them there are.")),
  firewall: optional(group("Docker's firewall there.", {
    state: oneOf(FIREWALL_STATES, "Whether the tunnel's packets pass; see docs/internals/protocol.md."),
    backend: nullable(text("Whose chain has the client's rules, such as iptables-nft; null while none has.")),
    rules: number("How many rules of the client are active."),
    fault: optional(text("What keeps packets from passing; absent when nothing does.")),
  })),
});

const accessor = v.object({
  address: text("The accessor's virtual address, which stands for its token."),
  endpoint: nullable(text("Where its last authentic datagram came from; null while that is unknown.")),
  legacy: flag("Whether it is mac-docker-connector's accessor, without encryption."),
  lastHandshakeSeconds: nullable(
    number("Seconds since its last handshake, or since its login if legacy; null before the first."),
  ),
  received: direction("Packets from it that passed the filters."),
  sent: direction("Packets to it."),
  dropped: number("Packets from and to it that did not pass."),
});

const sharing = group("The sharing with accessors.", {
  listen: text("The endpoint of the exposed socket."),
  legacy: flag("Whether mac-docker-connector's login is admitted."),
  cipher: nullable(text("The code that encrypts: libcrypto or wasm; null while the socket is not open.")),
  tokens: number("How many tokens there are."),
  weak: number("How many of them can be guessed."),
  deriving: number("How many of them cannot log in yet, since their keys are still being derived."),
  sessions: list(accessor, "The sessions."),
  handshakes: number("Handshakes that were answered."),
  drops: dropsSchema,
  fault: optional(text("Why the socket is not open; it is tried again.")),
});

const config = group("The active configuration.", {
  file: nullable(text("The file; null where there is none.")),
  loadedAt: text("When it was last taken over; ISO 8601, UTC."),
  faults: list(v.string(), "What is wrong with the file as it is now; the last good one is active."),
});

/** The form of the server's document. */
export const SERVER_STATUS = v.object({
  ...processFields("docker-connector"),
  interface: interfaceSchema,
  listen: text("The endpoint of the UDP socket."),
  client: nullable(client),
  routes: list(route, "The routes into the tunnel."),
  docker,
  counters: countersSchema,
  dataPlane: group("How the packets are moved.", dataPlaneFields),
  sharing: nullable(sharing),
  config,
});

export type ServerStatus = v.InferOutput<typeof SERVER_STATUS>;
export type RouteStatus = v.InferOutput<typeof route>;
export type SubnetStatus = v.InferOutput<typeof subnet>;
export type ContainerStatus = v.InferOutput<typeof container>;
export type DockerStatus = v.InferOutput<typeof docker>;
export type ConfigStatus = v.InferOutput<typeof config>;
export type AccessorStatus = v.InferOutput<typeof accessor>;
/** The sharing, while `expose` is set. */
export type SharingStatus = v.InferOutput<typeof sharing>;
