/**
 * The client's answer to `GET /v1/status`.
 *
 * @module
 */
import * as v from "valibot";
import {
  countersSchema,
  dataPlaneFields,
  group,
  interfaceSchema,
  list,
  nullable,
  number,
  oneOf,
  optional,
  peerState,
  processFields,
  text,
} from "../../program/status_document.ts";

const server = group("The server as the client sees it.", {
  host: text("A name or an address as it was given; during a search the candidate that is tried or in use."),
  endpoint: nullable(text("What the host resolved to; null as long as it has not.")),
  lastHeardSeconds: nullable(number("Seconds since the server's last datagram; null before the first.")),
  state: peerState,
});

const firewall = group("Docker's firewall and the client's rules in it.", {
  backend: nullable(text("Whose chain has the rules: iptables-nft, iptables-legacy or both; null for none.")),
  rules: number("How many rules are active."),
  pairs: list(
    v.object({
      a: text("The network address of one network."),
      b: text("The network address of the other network."),
      state: oneOf(["connected", "waiting"], "waiting: one of the networks, or the chain, does not exist."),
    }),
    "The pairs of container networks that the server wants connected.",
  ),
  fault: optional(text("What keeps packets from passing; absent when nothing does.")),
});

export const CLIENT_STATUS = v.object({
  ...processFields("docker-connector-client"),
  interface: interfaceSchema,
  server,
  heartbeats: group("The heartbeats since the start.", {
    sent: number("Sent to the server."),
    answered: number("Answered; always 0 with mac-docker-connector's server, which answers none."),
  }),
  counters: countersSchema,
  dataPlane: group("How the packets are moved.", dataPlaneFields),
  firewall,
});

export type ClientStatus = v.InferOutput<typeof CLIENT_STATUS>;
export type ServerView = ClientStatus["server"];
export type FirewallStatus = ClientStatus["firewall"];
