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

/** The name for the default gateway, which is the desktop in a machine with a network of its own. */
export const DEFAULT_GATEWAY = "default gateway";

/** The desktop's address in Lima's user-mode network (lima docs, "Network"), where its name is not resolved. */
export const LIMA_DESKTOP: IpAddress = { family: 4, bytes: new Uint8Array([192, 168, 5, 2]) };

/** An address that may be the server's: each kind of virtual machine has its own name or address for the desktop. */
export interface ServerCandidate {
  /** The name that it was resolved from, or what it is called. */
  readonly host: string;
  /** Its address. */
  readonly address: IpAddress;
}

/** While the server is reached by another path, so many looks in a row stay where it answered last. */
const STAYS = 7;

/** Selects where to try the server: where it last answered, and the other candidates in turn while it is silent. */
export class CandidateSelector {
  #lastGood: IpAddress | undefined;
  #isFirstSilence = true;
  #lastOther = -1;
  #stays = 0;

  /** Any candidate may be the server with `anyHost`; otherwise all are addresses of the host that was named. */
  constructor(readonly anyHost: boolean) {}

  /** Notes that the server answered there. */
  onReceive({ address }: ServerCandidate): void {
    this.#lastGood = address;
    this.#isFirstSilence = true;
    this.#stays = 0;
  }

  /**
   * Selects the next candidate while the server is silent. The one where it answered last comes again between the others,
   * since the server there has mostly just been stopped. Undefined means to stay.
   *
   * @param found the candidates of this moment, the most likely first
   * @param current the candidate that is tried now
   * @param isReached whether the server is reached by another path: then it has mostly not moved, and others are tried seldom
   */
  next(
    found: readonly ServerCandidate[],
    current: ServerCandidate,
    isReached = false,
  ): ServerCandidate | undefined {
    const at = (place: IpAddress | undefined) => ({ address }: ServerCandidate) =>
      place !== undefined && equalAddress(address, place);
    const isCurrent = at(current.address);
    const isLastGood = at(this.#lastGood);
    if (!found.some(isCurrent)) return found[0];
    if (!this.anyHost) return undefined;
    if (isLastGood(current) && this.#isFirstSilence) {
      this.#isFirstSilence = false;
      return undefined;
    }
    if (isLastGood(current) && isReached && ++this.#stays % (STAYS + 1) !== 0) return undefined;
    const home = found.find(isLastGood);
    if (home !== undefined && !isCurrent(home)) return home;
    // An address may have further names.
    const candidates = found.filter((one, index) => found.findIndex(at(one.address)) === index);
    const others = candidates.filter((candidate) => !isCurrent(candidate));
    if (home === undefined) this.#lastOther = candidates.findIndex(isCurrent) - 1;
    this.#lastOther = (this.#lastOther + 1) % Math.max(1, others.length);
    return others[this.#lastOther];
  }
}
