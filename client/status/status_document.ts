/**
 * The client's answer to `GET /v1/status`.
 *
 * @module
 */
import * as v from "valibot";
import { FIREWALL_STATES } from "../../core/protocol/description.ts";
import * as f from "../../program/status_document.ts";

const server = f.group("The server as the client sees it.", {
  host: f.text(
    "A name or an address as it was given; during a search the candidate that is tried or in use.",
  ),
  endpoint: f.nullable(f.text("What the host resolved to; null as long as it has not.")),
  lastHeardSeconds: f.nullable(f.number("Seconds since the server's last datagram; null before the first.")),
  state: f.peerState,
  ...f.problemFields("Why its name has no address at the moment; absent when it has."),
});

const firewall = f.group("Docker's firewall and the client's rules in it.", {
  state: f.oneOf(FIREWALL_STATES, "Whether the tunnel's packets pass; see docs/internals/protocol.md."),
  backend: f.nullable(
    f.text("Whose chain has the rules: iptables-nft, iptables-legacy or both; null for none."),
  ),
  rules: f.number("How many rules are active."),
  pairs: f.list(
    v.object({
      a: f.text("The network address of one network."),
      b: f.text("The network address of the other network."),
      state: f.oneOf(["connected", "waiting"], "waiting: one of the networks, or the chain, does not exist."),
    }),
    "The pairs of container networks that the server wants connected.",
  ),
  ...f.problemFields("What keeps packets from passing; absent when nothing does."),
});

export const CLIENT_STATUS = v.object({
  ...f.processFields("docker-connector-client"),
  interface: f.interfaceSchema,
  server,
  heartbeats: f.group("The heartbeats since the start.", {
    sent: f.number("Sent to the server."),
    answered: f.number("Answered; always 0 with mac-docker-connector's server, which answers none."),
  }),
  counters: f.countersSchema,
  dataPlane: f.group("How the packets are moved.", f.dataPlaneFields),
  firewall,
});

export type ClientStatus = v.InferOutput<typeof CLIENT_STATUS>;
export type ServerView = ClientStatus["server"];
export type FirewallStatus = ClientStatus["firewall"];
