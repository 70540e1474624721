import { type Clock, deadline } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { equalAddress, type IpAddress } from "../../core/net/address.ts";
import type { Endpoint, HostPort } from "../../core/net/endpoint.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";

/** Milliseconds that a name may take before the known addresses are used. */
const RESOLVE_TIMEOUT_MS = 2_000;

export interface EndpointResolverDeps {
  /** The addresses of a name; rejects with OperationError. */
  readonly resolve: (host: string) => Promise<IpAddress[]>;
  readonly clock?: Clock;
  /** The IP version of the socket; 6 reaches IPv4 too. */
  readonly family: 4 | 6;
}

/** Resolves where the accessor tries its server: the host name again for every attempt, since either side may have moved. */
export class EndpointResolver {
  /** Why the host's name was not resolved the last time, undefined if it was. */
  fault: OperationError | undefined;
  #known: readonly IpAddress[];

  /** @param known the addresses that the host had just now */
  constructor(readonly remote: HostPort, known: readonly IpAddress[], readonly deps: EndpointResolverDeps) {
    this.#known = known;
  }

  /**
   * Chooses the endpoint to try.
   *
   * @param attempt counts from 1; each goes on to the next address
   * @param current the endpoint that the server last sent from
   * @param isAlive whether it did so lately: then that endpoint comes first
   */
  async find(
    attempt: number,
    current: Endpoint | undefined,
    isAlive: boolean,
  ): Promise<Endpoint | undefined> {
    await this.#refresh();
    const resolved = this.#known.filter(({ family }) => family <= this.deps.family);
    const candidates: Endpoint[] = resolved.map((address) => ({ address, port: this.remote.port }));
    if (current !== undefined && isAlive) candidates.unshift(current);
    else if (current !== undefined && !resolved.some((address) => equalAddress(address, current.address))) {
      candidates.push(current);
    }
    return candidates[(attempt - 1) % Math.max(1, candidates.length)];
  }

  async #refresh(): Promise<void> {
    const { resolve, clock = SYSTEM_CLOCK } = this.deps;
    try {
      const addresses = await deadline(resolve(this.remote.host), RESOLVE_TIMEOUT_MS, () => undefined, clock);
      if (addresses === undefined) return;
      this.#known = addresses;
      this.fault = undefined;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.fault = error;
    }
  }
}

/** The IP version of a socket that reaches these addresses: that of IPv6 reaches IPv4 too, by mapped addresses (RFC 4291 2.5.5.2). */
export function socketFamily(addresses: readonly IpAddress[]): 4 | 6 {
  return addresses.some(({ family }) => family === 6) ? 6 : 4;
}
