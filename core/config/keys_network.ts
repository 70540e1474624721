/**
 * The keys of the container networks: route, network, iptables.
 *
 * @module
 */
import { equalAddress, type IpAddress, parseAddress } from "../net/address.ts";
import type { BridgePair } from "./config.ts";
import type { KeyReader } from "./draft.ts";
import type { KeyName } from "./keys.ts";
import { found, problem, quote, type Reading } from "./result.ts";
import { readRoutePrefix } from "./values.ts";

// What Docker accepts as a network's name (RestrictedNameChars in docker/docker/daemon/names).
const NETWORK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

const PAIR_FORM = `A+B or A-B as in "172.18.0.0+172.19.0.0"`;

/** Reads `A+B` or `A-B`, two network addresses without a length. */
export function readBridgePair(text: string): Reading<BridgePair> {
  const [, first, sign, second] = /^([^+-]+)([+-])([^+-]+)$/.exec(text) ?? [];
  if (first === undefined || second === undefined) {
    return problem(`${quote(text)} is no pair; expected ${PAIR_FORM}`);
  }
  const a = networkAddress(first);
  const b = networkAddress(second);
  if (a.problem !== undefined) return a;
  if (b.problem !== undefined) return b;
  if (equalAddress(a.value, b.value)) {
    return problem(`both networks of ${quote(text)} are the same; expected two`);
  }
  return found({ a: a.value, b: b.value, connect: sign === "+" });
}

function networkAddress(text: string): Reading<IpAddress> {
  const [bare = "", length] = text.split("/");
  const address = parseAddress(bare);
  if (address === undefined || address.family !== 4) {
    return problem(`${quote(text)} is no IPv4 network address; expected ${PAIR_FORM}`);
  }
  return length === undefined
    ? found(address)
    : problem(`${quote(text)} has a length; expected "${bare}" alone`);
}

/** Reads the name of a Docker network. */
export function readNetworkName(text: string): Reading<string> {
  return NETWORK_NAME.test(text)
    ? found(text)
    : problem(`${quote(text)} is no name of a Docker network; see "docker network ls"`);
}

/** How the lines of these keys are read. */
export const networkKeys = {
  route(reader, draft) {
    const prefix = reader.value("CIDR", readRoutePrefix);
    const flags = reader.flags("expose");
    if (prefix === undefined) return;
    draft.routes.push({ ...prefix, value: { prefix: prefix.value, expose: flags.has("expose") } });
  },
  network(reader, draft) {
    const name = reader.value("NAME", readNetworkName);
    const off = reader.value(
      "off",
      (text) => text === "off" ? found(text) : problem(`${quote(text)} is unknown; expected off`),
    );
    reader.end();
    if (name !== undefined && off !== undefined) draft.networksOff.push(name.value);
  },
  iptables(reader, draft) {
    const pair = reader.value("A+B or A-B", readBridgePair);
    reader.end();
    if (pair !== undefined) draft.bridgePairs.push(pair);
  },
} as const satisfies Partial<Record<KeyName, KeyReader>>;
