import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { equalPrefix, formatPrefix, type Prefix, prefixContains } from "../../core/net/prefix.ts";
import { FlapDamper } from "../../core/routing/flap_damper.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import type {
  addDirectRoutes,
  DirectRouting,
  DirectWay,
  removeDirectRoutes,
} from "../../system/routing/direct_way_linux.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";

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
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
}

/**
 * The routes that lead by a link to Docker's machine, in front of those into the tunnel, which stay. IPv4 only. One that another
 * program takes away again and again is left to the tunnel for a while.
 */
export class DirectRoutes {
  readonly #routing: DirectRouting;
  readonly #said = new LogOnChange();
  readonly #damper = new FlapDamper();
  #way: DirectWay | undefined;
  #prefixes: readonly Prefix[] = [];

  constructor(readonly deps: DirectRoutesDeps) {
    this.#routing = { source: deps.source, maxSegment: deps.mtu - TCP_HEADERS };
  }

  /** The way of a route of the tunnel; undefined: it leads into the tunnel. */
  wayOf(prefix: Prefix): DirectWay | undefined {
    return holds(this.#prefixes, prefix) ? this.#way : undefined;
  }

  /**
   * Leads these of the tunnel's routes by the way, and no others.
   *
   * @param way undefined: all lead into the tunnel
   */
  apply(routes: readonly Prefix[], way: DirectWay | undefined): void {
    const { add, remove, peer, now = SYSTEM_CLOCK.now } = this.deps;
    const time = now();
    const wanted = way === undefined
      ? []
      : [...routes, { address: peer, length: 32 }].filter((prefix) =>
        prefix.address.family === 4 && !prefixContains(prefix, way.machine) &&
        !this.#damper.isFlapping(formatPrefix(prefix), time)
      );
    const [before, beforePrefixes] = [this.#way, this.#prefixes];
    const isSameWay = before !== undefined && way !== undefined && textOf(before) === textOf(way);
    const { changed, faults: refusals } = way === undefined
      ? { changed: [], faults: [] }
      : add(wanted, way, this.#routing);
    const faults = [...refusals];
    if (isSameWay) this.#noteLosses(changed.filter((each) => holds(beforePrefixes, each)), time);
    const surplus = beforePrefixes.filter((each) => !(isSameWay && holds(wanted, each)));
    if (before !== undefined) faults.push(...remove(surplus, before, this.#routing).faults);
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

  /** These were gone, and are there again. */
  #noteLosses(lost: readonly Prefix[], time: number): void {
    for (const text of lost.map(formatPrefix)) {
      this.#damper.down(text, time);
      this.#damper.up(text, time);
      if (!this.#damper.isFlapping(text, time)) continue;
      log.warn(
        `Cannot keep ${text} routed without the tunnel: another program takes the route away again and again; ` +
          "it is routed through the tunnel for a minute",
      );
    }
  }
}

function holds(prefixes: readonly Prefix[], prefix: Prefix): boolean {
  return prefixes.some((each) => equalPrefix(each, prefix));
}

function textOf({ machine, own, interfaceName }: DirectWay): string {
  return `${interfaceName} ${formatAddress(machine)} ${formatAddress(own)}`;
}
