import { OperationError } from "../../core/error.ts";
import { equalAddress, type IpAddress, isLinkLocal } from "../../core/net/address.ts";
import type { InterfaceSettings } from "./router.ts";

/** One address of an interface: this side's, and the other's on a point-to-point interface. */
export interface InterfaceAddress {
  readonly local: IpAddress;
  readonly peer?: IpAddress | undefined;
}

/** The two ends of a point-to-point interface, of one family. */
export type AddressPair = Readonly<Record<"local" | "peer", IpAddress>>;

/** The state of an interface, with the addresses of both families. */
export interface InterfaceState<A extends InterfaceAddress = InterfaceAddress> {
  readonly mtu: number;
  readonly isUp: boolean;
  readonly addresses: readonly A[];
}

/** How an interface differs from its settings. */
export interface InterfaceDrift<A extends InterfaceAddress = InterfaceAddress> {
  /** Whether it is down or has another MTU. */
  readonly isWrong: boolean;
  /** The pairs of its settings that it does not have, IPv4 first. */
  readonly lost: readonly AddressPair[];
  /** Addresses that it has beside those, without link-local ones, which systems give by themselves. */
  readonly surplus: readonly A[];
}

/** Compares an interface with its settings. */
export function compareInterface<A extends InterfaceAddress>(
  { isUp, mtu, addresses }: InterfaceState<A>,
  { mtu: wantedMtu, address, peer, address6, peer6 }: InterfaceSettings,
): InterfaceDrift<A> {
  const pairs: AddressPair[] = [{ local: address, peer }];
  if (address6 !== undefined && peer6 !== undefined) pairs.push({ local: address6, peer: peer6 });
  return {
    isWrong: !isUp || mtu !== wantedMtu,
    lost: pairs.filter((pair) => !addresses.some((existing) => isPair(existing, pair))),
    surplus: addresses.filter((existing) =>
      !isLinkLocal(existing.local) && !pairs.some((pair) => isPair(existing, pair))
    ),
  };
}

/** Whether an interface's address is this pair. */
export function isPair(existing: InterfaceAddress, { local, peer }: AddressPair): boolean {
  return existing.peer !== undefined && equalAddress(existing.local, local) &&
    equalAddress(existing.peer, peer);
}

/** The fault of an action on an interface that does not exist. */
export function interfaceFault(action: string, name: string): OperationError {
  const remedy = "Something removed it; start the program again";
  return new OperationError("io", `Cannot ${action}: there is no interface ${name}`, remedy);
}

/** The fault of a prefix that is routed to another interface. */
export class RouteTaken extends OperationError {
  /** @param owner the interface that has the route now; undefined when not known, or where it is no single interface */
  constructor(message: string, remedy: string, readonly owner: string | undefined) {
    super("io", message, remedy);
  }
}

/**
 * The fault of routing a prefix that is routed elsewhere.
 *
 * @param owner where it leads; undefined when not known, or to no single interface
 * @param removal the command that removes that route
 */
export function routeConflict(
  prefix: string,
  interfaceName: string,
  owner: string | undefined,
  removal: string,
): RouteTaken {
  const state = owner === undefined ? "another route has it" : `it is already routed to ${owner}`;
  const remedy = `Remove that route (${removal}), or leave the prefix out of the configuration`;
  return new RouteTaken(`Cannot route ${prefix} to ${interfaceName}: ${state}`, remedy, owner);
}
