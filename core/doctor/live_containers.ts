/**
 * The running containers of an Engine as `GET /containers/json` lists them, with where each can be asked whether it answers. One
 * request tells of all: core/docker/container.ts reads more of each, by a request of its own.
 *
 * @module
 */
import * as v from "valibot";
import { lenientList, NAME, parse, TEXT } from "../docker/engine_json.ts";
import { type IpAddress, parseAddress } from "../net/address.ts";

/** A running container in one of its networks. */
export interface LiveContainer {
  /** Its name without the slash that the API puts before it. */
  readonly name: string;
  /** The network's name. */
  readonly network: string;
  /** Its address there, IPv4 where it has one. */
  readonly address: IpAddress;
  /** TCP ports that it says it listens on; none of them may be open. */
  readonly ports: readonly number[];
}

/** More containers than this are left out. */
const MAX_CONTAINERS = 4096;
const MAX_PORTS = 8;

const CONTAINER = v.object({
  Names: lenientList(TEXT),
  State: NAME,
  Ports: lenientList(v.object({ PrivatePort: v.number(), Type: v.string() })),
  NetworkSettings: v.object({
    Networks: v.record(
      v.string(),
      v.object({ IPAddress: v.fallback(v.string(), ""), GlobalIPv6Address: v.fallback(v.string(), "") }),
    ),
  }),
});

/** Reads the answer; what is unreadable, not running or without an address is left out. */
export function liveContainers(answer: unknown): LiveContainer[] {
  if (!Array.isArray(answer)) return [];
  return answer.slice(0, MAX_CONTAINERS).flatMap((entry) => {
    const container = parse(CONTAINER, entry);
    if (container?.State !== "running") return [];
    const ports = container.Ports.filter(({ Type }) => Type === "tcp").map(({ PrivatePort }) => PrivatePort);
    const name = container.Names[0]?.replace(/^\//, "") ?? "";
    return Object.entries(container.NetworkSettings.Networks).flatMap(([network, settings]) => {
      const address = parseAddress(settings.IPAddress) ?? parseAddress(settings.GlobalIPv6Address);
      const distinct = [...new Set(ports)].slice(0, MAX_PORTS);
      return address === undefined ? [] : [{ name, network, address, ports: distinct }];
    });
  });
}
