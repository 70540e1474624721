/**
 * The parts that the status documents of all programs share, as schemas: the type, the check of a document from another
 * process, and docs/guide/status.schema.json come from one schema per program. Fields are added, never renamed: scripts read
 * them. Only `status`, `health` and tests load this module; a running tunnel needs the types alone.
 *
 * @module
 */
import * as v from "valibot";
import { ROUTE_CAUSES } from "../core/routing/route_problem.ts";

/** A text field and its meaning. */
export const text = (meaning: string) => v.pipe(v.string(), v.description(meaning));

/** A number field and its meaning. */
export const number = (meaning: string) => v.pipe(v.number(), v.description(meaning));

/** A field that is true or false, and its meaning. */
export const flag = (meaning: string) => v.pipe(v.boolean(), v.description(meaning));

/** A field with one of a few words, and their meaning. */
export const oneOf = <const Words extends readonly string[]>(words: Words, meaning: string) =>
  v.pipe(v.picklist(words), v.description(meaning));

/** A list of items, and its meaning. */
export const list = <Item extends v.GenericSchema>(item: Item, meaning: string) =>
  v.pipe(v.array(item), v.readonly(), v.description(meaning));

/** Fields that belong together, and their meaning. */
export const group = <Fields extends v.ObjectEntries>(meaning: string, fields: Fields) =>
  v.pipe(v.object(fields), v.description(meaning));

/** A field that can be null. */
export const nullable = v.nullable;

/** A field that can be absent. */
export const optional = v.exactOptional;

/** The fields of something that may be wrong; absent when nothing is. */
export const problemFields = (meaning: string) => ({
  fault: optional(text(meaning)),
  remedy: optional(text("What to do about that; absent where nothing helps.")),
});

/** Why a route is not as it should be. */
export const routeProblemFields = {
  ...problemFields("Why it is not as it should be, or what it takes from others; absent when it is."),
  cause: optional(oneOf(
    ROUTE_CAUSES,
    "overlap: it shares addresses with a network that the machine reaches by another interface; taken: another interface has " +
      "the same route; removed: another program removes it again and again; diverted: a routing rule sends the packets elsewhere; " +
      "hides: it is active and takes addresses out of the same or a wider network; partial: it is active and a VPN has a " +
      "narrower route to a part of it; failed: anything else.",
  )),
  owner: optional(
    text(
      "The interface that has the addresses, or whose program most likely removes the route, where that is known.",
    ),
  ),
  other: optional(text("The other network.")),
};

const activeFault = v.object({
  code: text("The row of docs/guide/troubleshooting.md. Codes are never renamed."),
  severity: oneOf(
    ["error", "warning"],
    "error: something that was asked for does not work; warning: it may not, or not well.",
  ),
  title: text("A few words."),
  text: text("What happened."),
  remedy: text("What to do."),
  since: text("When it was first seen: ISO 8601, UTC."),
});

/** The fields of every document about what is wrong. */
export const faultFields = {
  summary: text("One sentence: how it is, or the first fault."),
  faults: list(
    activeFault,
    "What is wrong, errors first. A fault is shown once it has lasted for some seconds.",
  ),
};

/** The fields of every document about its process. */
export const processFields = <const Name extends string>(program: Name) => ({
  program: v.pipe(v.literal(program), v.description("The program's name.")),
  version: text("Its version."),
  commit: text("The commit it was built from."),
  deno: text("The version of Deno."),
  pid: number("The process id."),
  startedAt: text("When it started: ISO 8601, UTC."),
  uptimeSeconds: number("Whole seconds since then."),
  ...faultFields,
});

export const interfaceSchema = group("The TUN interface; addresses are without a length.", {
  name: text("The system's name of it, for example utun5."),
  mtu: number("Bytes."),
  address: text("The virtual address of this side."),
  peer: text("The virtual address of the other side."),
  address6: optional(text("The virtual IPv6 address of this side; absent while IPv6 is off.")),
  peer6: optional(text("The virtual IPv6 address of the other side; absent while IPv6 is off.")),
  ...problemFields("Why it is not as it should be; absent when it is."),
});

export const direction = (meaning: string) =>
  group(meaning, {
    packets: number("Packets."),
    bytes: number("Their bytes, without the headers that the tunnel adds."),
  });

export const dropsSchema = v.pipe(
  v.record(v.string(), v.number()),
  v.description("Dropped packets and datagrams by reason, see docs/guide/troubleshooting.md."),
);

export const countersSchema = group("The counters since the start.", {
  outbound: direction("Read from the TUN interface and sent by UDP."),
  inbound: direction("Received by UDP and written to the TUN interface."),
  drops: dropsSchema,
});

/** What leads the machine's resolver to the domain of containers' names. */
export const resolverSchema = group("The resolver of this machine.", {
  kind: oneOf(
    ["resolver-files", "systemd-resolved", "resolvconf", "other-namespace", "none"],
    "What leads it to the domain; resolver-files: /etc/resolver of macOS; other-namespace: this program is in a network " +
      "namespace that the machine's resolver does not serve; none: nothing that this program can set up.",
  ),
  fault: optional(text("What is missing.")),
  remedy: optional(text("What to do about that.")),
});

export const dataPlaneFields = {
  offload: flag("Whether the kernel segments and coalesces large packets for the tunnel."),
};

/** The other end as a client or accessor sees it. */
export const peerState = oneOf(
  ["connected", "unreachable", "searching"],
  "connected: it was heard lately; unreachable: not for a while; searching: never yet.",
);

export type ProgramStatus<Name extends string> = v.InferOutput<
  v.ObjectSchema<ReturnType<typeof processFields<Name>>, undefined>
>;
/** What a document says of the process itself. */
export type ProcessStatus<Name extends string> = Omit<ProgramStatus<Name>, keyof typeof faultFields>;
export type FaultStatus = v.InferOutput<typeof activeFault>;
export type InterfaceStatus = v.InferOutput<typeof interfaceSchema>;
export type TunnelCounters = v.InferOutput<typeof countersSchema>;
export type DirectionCounters = TunnelCounters["inbound"];
export type PeerState = v.InferOutput<typeof peerState>;
