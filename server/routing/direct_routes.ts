import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { equalPrefix, type Prefix, prefixContains } from "../../core/net/prefix.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import type {
  addDirectRoutes,
  DirectRouting,
  DirectWay,
  removeDirectRoutes,
} from "../../system/routing/direct_way_linux.ts";

const log = getLogger("route");

/** Bytes of the headers of IPv4 and TCP without options (RFC 9293 section 3.7.1). */
const TCP_HEADERS = 40;

/** Collaborators. */
export interface DirectRoutesDeps {
  /** The server's virtual address, which packets have on every path. */
  readonly source: IpAddress;
  /** The client's virtual address, which is reached by the same way as the containers. */
  readonly peer: IpAddress;
  /** Bytes of the tunnel's largest packet: new connections keep to it, since they may have to go through it later. */
  readonly mtu: number;
  readonly add: typeof addDirectRoutes;
  readonly remove: typeof removeDirectRoutes;
}

/** The routes that lead by a link to Docker's machine, in front of those into the tunnel, which stay. IPv4 only. */
export class DirectRoutes {
  readonly #routing: DirectRouting;
  readonly #said = new LogOnChange();
  #way: DirectWay | undefined;
  #prefixes: readonly Prefix[] = [];

  constructor(readonly deps: DirectRoutesDeps) {
    this.#routing = { source: deps.source, maxSegment: deps.mtu - TCP_HEADERS };
  }

  /** The way of a route of the tunnel; undefined: it leads into the tunnel. */
  wayOf(prefix: Prefix): DirectWay | undefined {
    return this.#prefixes.some((each) => equalPrefix(each, prefix)) ? this.#way : undefined;
  }

  /**
   * Leads these of the tunnel's routes by the way, and no others.
   *
   * @param way undefined: all lead into the tunnel
   */
  apply(routes: readonly Prefix[], way: DirectWay | undefined): void {
    const { add, remove, peer } = this.deps;
    const wanted = way === undefined
      ? []
      : [...routes, { address: peer, length: 32 }].filter((prefix) =>
        prefix.address.family === 4 && !prefixContains(prefix, way.machine)
      );
    const [before, beforePrefixes] = [this.#way, this.#prefixes];
    const isSameWay = before !== undefined && way !== undefined && textOf(before) === textOf(way);
    const faults = way === undefined ? [] : add(wanted, way, this.#routing);
    const surplus = beforePrefixes.filter((each) =>
      !(isSameWay && wanted.some((one) => equalPrefix(one, each)))
    );
    if (before !== undefined) faults.push(...remove(surplus, before, this.#routing));
    this.#way = way;
    this.#prefixes = wanted;
    if (!isSameWay && way !== undefined) {
      log.info("networks are routed without the tunnel", {
        by: formatAddress(way.machine),
        interface: way.interfaceName,
      });
    }
    if (before !== undefined && way === undefined) {
      log.info("networks are routed through the tunnel again", {});
    }
    if (faults.length === 0) this.#said.clear("routes");
    else if (this.#said.changed("routes", faults.join())) {
      log.error(`Cannot change routes of the direct path: ${faults.slice(0, 4).join("; ")}`);
    }
  }
}

function textOf({ machine, own, interfaceName }: DirectWay): string {
  return `${interfaceName} ${formatAddress(machine)} ${formatAddress(own)}`;
}
