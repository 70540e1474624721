/**
 * Which of several places the server is looked for at next. The way from a virtual machine to the desktop that it runs on
 * has a name or an address of its own in each kind of machine.
 *
 * @module
 */
import { equalAddress, type IpAddress } from "../net/address.ts";

/**
 * The names that virtual machines give the desktop, in the order of trying: Docker Desktop (and OrbStack, Rancher Desktop),
 * Docker Desktop's older one, Lima and Colima, Podman.
 */
export const DESKTOP_NAMES: readonly string[] = [
  "host.docker.internal",
  "gateway.docker.internal",
  "host.lima.internal",
  "host.containers.internal",
];

/** What the default gateway is called; in a machine with a network of its own that is the desktop. */
export const DEFAULT_GATEWAY = "default gateway";

/** The desktop's address in Lima's user-mode network (lima docs, "Network"), where its name is not resolved. */
export const LIMA_DESKTOP: IpAddress = { family: 4, bytes: new Uint8Array([192, 168, 5, 2]) };

/** A place where the server may be. */
export interface ServerPlace {
  /** The name that led to it, or what it is called. */
  readonly host: string;
  /** Its address. */
  readonly address: IpAddress;
}

/** Remembers where the server answered, and goes on to the next place when it does not. */
export class ServerSearch {
  #proven: IpAddress | undefined;
  #isFirstDoubt = true;
  #lastOther = -1;

  /**
   * Starts a search.
   *
   * @param isOpen whether any of the places may have the server; otherwise all are the one host that was named
   */
  constructor(readonly isOpen: boolean) {}

  /** The server answered there. */
  heard({ address }: ServerPlace): void {
    this.#proven = address;
    this.#isFirstDoubt = true;
  }

  /**
   * Decides where to go while the server is silent. A place where it answered before keeps its turn between the others, since
   * it has mostly just been stopped.
   *
   * @param found the places there are now, the most likely first
   * @param current where it is looked for now
   * @returns undefined to stay
   */
  next(found: readonly ServerPlace[], current: ServerPlace): ServerPlace | undefined {
    const isAt = ({ address }: ServerPlace) => equalAddress(address, current.address);
    if (!found.some(isAt)) return found[0];
    if (!this.isOpen) return undefined;
    const proven = this.#proven;
    const isProven = ({ address }: ServerPlace) => proven !== undefined && equalAddress(address, proven);
    if (isProven(current) && this.#isFirstDoubt) {
      this.#isFirstDoubt = false;
      return undefined;
    }
    const home = found.find(isProven);
    if (home !== undefined && !isAt(home)) return home;
    const places = distinct(found);
    const others = places.filter((place) => !isAt(place));
    if (home === undefined) this.#lastOther = places.findIndex(isAt) - 1;
    this.#lastOther = (this.#lastOther + 1) % Math.max(1, others.length);
    return others[this.#lastOther];
  }
}

/** Several names may lead to one address; the first counts. */
function distinct(places: readonly ServerPlace[]): ServerPlace[] {
  return places.filter(({ address }, index) =>
    places.findIndex((place) => equalAddress(place.address, address)) === index
  );
}
