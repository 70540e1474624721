/**
 * What the programs ask of the system's interfaces and routing table; one file per system implements it.
 *
 * @module
 */

import type { OtherRoute } from "../../core/routing/desired_routes.ts";
import type { OperationError } from "../../core/error.ts";
import type { IpAddress } from "../../core/net/address.ts";
import type { Prefix } from "../../core/net/prefix.ts";

/** The wanted state of a tunnel interface. */
export interface InterfaceSettings {
  /** The interface's name, such as "connector0" or "utun4". */
  readonly name: string;
  /** Largest packet in bytes. */
  readonly mtu: number;
  /** This side's IPv4 address. */
  readonly address: IpAddress;
  /** The other side's IPv4 address. */
  readonly peer: IpAddress;
  /** This side's IPv6 address; none without IPv6. */
  readonly address6?: IpAddress;
  /** The other side's IPv6 address; given together with `address6`. */
  readonly peer6?: IpAddress;
}

/** A prefix of a batch that could not be added or removed. */
export interface RouteFailure {
  /** The prefix as it was passed in. */
  readonly prefix: Prefix;
  /** Why, worded for people. */
  readonly error: OperationError;
}

/**
 * The interfaces and routes of the running system. Every method may be called again with the same arguments and
 * leads to the same state. Host bits of a prefix are ignored. Failures are OperationErrors: "privilege" when the
 * process may not change the network, "io" otherwise.
 */
export interface Router {
  /**
   * Brings the interface up with its MTU and point-to-point addresses. IPv6 comes last: when the system has none,
   * the IPv4 part is active and the error's code is "unavailable".
   */
  configureInterface(settings: InterfaceSettings): Promise<void>;

  /** Whether an interface has lost something of its settings: that it is up, its MTU, one of its addresses. */
  hasDrifted(settings: InterfaceSettings): Promise<boolean>;

  /** Puts back what an interface has lost of its settings, and takes nothing away. */
  repairInterface(settings: InterfaceSettings): Promise<void>;

  /**
   * Routes a prefix to an interface. A route of the same prefix to another interface is left alone and is an
   * error that names its owner; wider and narrower prefixes do not matter.
   */
  addRoute(prefix: Prefix, interfaceName: string): Promise<void>;

  /** Removes the route of a prefix to this interface; another interface's is never touched, an absent one is fine. */
  removeRoute(prefix: Prefix, interfaceName: string): Promise<void>;

  /**
   * Adds many routes. One that fails does not stop the others; what failed is returned. Throws only when nothing
   * could be tried, such as for an interface that does not exist.
   */
  addRoutes(prefixes: readonly Prefix[], interfaceName: string): Promise<RouteFailure[]>;

  /**
   * Removes many routes, with the same treatment of failures.
   *
   * @param until once it is aborted, the rest may be left; a system that removes all at once does not look at it
   */
  removeRoutes(
    prefixes: readonly Prefix[],
    interfaceName: string,
    until?: AbortSignal,
  ): Promise<RouteFailure[]>;

  /**
   * The prefixes that programs have routed to the interface, network addresses only; routes that the system makes
   * by itself, such as the one to the peer, are left out. Empty for an interface that does not exist.
   */
  listRoutes(interfaceName: string): Promise<Prefix[]>;

  /**
   * Those of the prefixes that no route leads to the interface for, whatever made it. The routes are listed once, however
   * many prefixes there are.
   */
  listMissing(prefixes: readonly Prefix[], interfaceName: string): Promise<Prefix[]>;

  /**
   * The prefixes that the machine reaches by other interfaces: networks it is on, routes of programs such as VPNs,
   * default routes. Multicast and what the system caches is left out.
   *
   * @param interfaceName the tunnel's interface, whose own are left out
   */
  listOtherRoutes(interfaceName: string, family: 4 | 6): Promise<OtherRoute[]>;
}
