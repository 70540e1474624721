/**
 * What the programs ask of the system's interfaces and routing table; one file per system implements it.
 *
 * @module
 */
import type { OperationError } from "../../core/error.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import type { DivertedRoute } from "../../core/routing/diverted_route.ts";

/** The wanted state of a tunnel interface. */
export interface InterfaceSettings {
  /** Such as "connector0" or "utun4". */
  readonly name: string;
  /** Largest packet in bytes. */
  readonly mtu: number;
  /** This side's IPv4 address, and the other's. */
  readonly address: IpAddress;
  readonly peer: IpAddress;
  /** The same for IPv6; both or none are given. */
  readonly address6?: IpAddress;
  readonly peer6?: IpAddress;
}

/** A prefix of a batch, as it was passed in, that could not be added or removed. */
export interface RouteFailure {
  readonly prefix: Prefix;
  readonly error: OperationError;
}

/**
 * Prefixes that are looked up at a time. A VPN's rule sends everything to its table: one prefix would show it, and each costs
 * a request to the kernel.
 */
export const MAX_LOOKUPS = 64;

/**
 * The interfaces and routes of the running system. Every method may be called again with the same arguments and
 * leads to the same state. Host bits of a prefix are ignored. Failures are OperationErrors: "privilege" when the
 * process may not change the network, "io" otherwise.
 */
export abstract class Router {
  /**
   * Brings the interface up with its MTU and point-to-point addresses. IPv6 comes last: when the system has none,
   * the IPv4 part is active and the error's code is "unavailable".
   */
  abstract configureInterface(settings: InterfaceSettings): Promise<void>;

  /** Whether an interface has lost something of its settings: that it is up, its MTU, one of its addresses. */
  async hasDrifted(settings: InterfaceSettings): Promise<boolean> {
    const { isWrong, lost } = await this.lookAt(settings);
    return isWrong || lost.length > 0;
  }

  /** Puts back what an interface has lost of its settings, and takes nothing away. */
  abstract repairInterface(settings: InterfaceSettings): Promise<void>;

  /**
   * Routes a prefix to an interface. A route of the same prefix to another interface is left alone and is an
   * error that names its owner; wider and narrower prefixes do not matter.
   */
  async addRoute(prefix: Prefix, interfaceName: string): Promise<void> {
    for (const { error } of await this.addRoutes([prefix], interfaceName)) throw error;
  }

  /** Removes the route of a prefix to this interface; another interface's is never touched, an absent one is fine. */
  async removeRoute(prefix: Prefix, interfaceName: string): Promise<void> {
    for (const { error } of await this.removeRoutes([prefix], interfaceName)) throw error;
  }

  /**
   * Adds many routes. One that fails does not stop the others; what failed is returned. Throws only when nothing
   * could be tried, such as for an interface that does not exist.
   */
  abstract addRoutes(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]>;

  /**
   * Removes many routes, with the same treatment of failures.
   *
   * @param until once it is aborted, the rest may be left; a system that removes all at once does not look at it
   */
  abstract removeRoutes(
    prefixes: readonly Prefix[],
    name: string,
    until?: AbortSignal,
  ): Promise<RouteFailure[]>;

  /**
   * The prefixes that programs have routed to the interface, network addresses only; routes that the system makes
   * by itself, such as the one to the peer, are left out. Empty for an interface that does not exist.
   */
  abstract listRoutes(interfaceName: string): Promise<Prefix[]>;

  /** Those of the prefixes that no route leads to the interface for, whatever made it. The routes are listed once. */
  async listMissing(prefixes: readonly Prefix[], interfaceName: string): Promise<Prefix[]> {
    const present = new Set((await this.routedTo(interfaceName, familiesOf(prefixes))).map(formatPrefix));
    return prefixes.filter((prefix) => !present.has(networkText(prefix)));
  }

  /**
   * The prefixes that the machine reaches by other interfaces than the tunnel's: networks it is on, routes of programs such as
   * VPNs, default routes. Multicast and what the system caches is left out.
   */
  abstract listOtherRoutes(interfaceName: string, family: 4 | 6): Promise<OtherRoute[]>;

  /**
   * Those of the prefixes whose packets leave by another interface although they are routed to this one, since a rule of policy
   * routing sends them to another table. Of many prefixes the first {@linkcode MAX_LOOKUPS} are looked at. Systems without such
   * rules have none.
   */
  findDiverted(_prefixes: readonly Prefix[], _interfaceName: string): Promise<DivertedRoute[]> {
    return Promise.resolve([]);
  }

  /** Compares an interface with its settings: whether it is down or has another MTU, and the addresses that it lost. */
  protected abstract lookAt(
    settings: InterfaceSettings,
  ): Promise<{ isWrong: boolean; lost: readonly unknown[] }>;

  /** The prefixes of the families that are routed to the interface, host bits clear. */
  protected abstract routedTo(interfaceName: string, families: readonly (4 | 6)[]): Promise<Prefix[]>;
}

/** The families that occur in the prefixes. */
export function familiesOf(prefixes: readonly Prefix[]): (4 | 6)[] {
  return [...new Set(prefixes.map(({ address }) => address.family))];
}

/** A prefix as text without its host bits. */
export function networkText(prefix: Prefix): string {
  return formatPrefix(maskPrefix(prefix));
}
