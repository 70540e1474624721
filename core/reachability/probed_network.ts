import type { IpAddress } from "../net/address.ts";
import { type Prefix, prefixContains } from "../net/prefix.ts";

/** A container that may be asked whether it answers. */
export interface Candidate {
  /** The Engine's id of the container. */
  readonly container: string;
  /** Its address in the network. */
  readonly address: IpAddress;
  /** A TCP port that its image exposes or its user publishes; undefined: none is known. */
  readonly port: number | undefined;
}

/** The containers of one Docker network with one IP version. */
export interface ProbedNetwork {
  /** Tells it from all others: the Engine's id of the network and the IP version. */
  readonly key: string;
  /** Its name, as in `docker network ls`. */
  readonly name: string;
  /** The IP version. */
  readonly family: 4 | 6;
  /** Those that run before those that are paused. */
  readonly candidates: readonly Candidate[];
}

/** A subnet whose packets the tunnel's routes lead to the client. */
export interface RoutedSubnet {
  /** Docker's network. */
  readonly network: { readonly id: string; readonly name: string };
  /** The subnet. */
  readonly prefix: Prefix;
}

/** What is read of a running container (`Container` of core/docker/container.ts). */
export interface RunningContainer {
  /** The Engine's id of it. */
  readonly id: string;
  /** "running" or "paused". */
  readonly state: string;
  /** Where it is attached. */
  readonly networks: readonly {
    readonly id: string;
    readonly address4?: IpAddress;
    readonly address6?: IpAddress;
  }[];
  /** What it exposes or publishes. */
  readonly ports: readonly { readonly port: number; readonly protocol: "tcp" | "udp" }[];
}

/** Containers of one network that are known here: the first ones do, however many there are. */
const MAX_CANDIDATES = 64;

/** Lists, for each network with a routed subnet, which containers can be asked. Networks without any are left out. */
export function probedNetworks(
  subnets: readonly RoutedSubnet[],
  containers: readonly RunningContainer[],
): ProbedNetwork[] {
  const running = [...containers].sort((a, b) => rank(a) - rank(b));
  const found = new Map<string, { network: RoutedSubnet["network"]; family: 4 | 6; prefixes: Prefix[] }>();
  for (const { network, prefix } of subnets) {
    const { family } = prefix.address;
    const key = `${network.id}/${family}`;
    const group = found.get(key) ?? { network, family, prefixes: [] };
    group.prefixes.push(prefix);
    found.set(key, group);
  }
  return [...found].flatMap(([key, { network: { id, name }, family, prefixes }]) => {
    const candidates = running.flatMap((container): Candidate[] => {
      const endpoint = container.networks.find((each) => each.id === id);
      const address = family === 4 ? endpoint?.address4 : endpoint?.address6;
      // An address outside of the subnets, such as one of an --ip-range that is not routed, has another way.
      if (address === undefined || !prefixes.some((prefix) => prefixContains(prefix, address))) return [];
      const port = container.ports.find(({ protocol }) => protocol === "tcp")?.port;
      return [{ container: container.id, address, port }];
    }).slice(0, MAX_CANDIDATES);
    return candidates.length === 0 ? [] : [{ key, name, family, candidates }];
  });
}

function rank({ state }: RunningContainer): number {
  return state === "running" ? 0 : 1;
}
