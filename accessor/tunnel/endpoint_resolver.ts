/**
 * Where the accessor looks for its server: the host name is resolved anew for every attempt, since either side may have moved.
 *
 * @module
 */
import { OperationError } from "../../core/error.ts";
import { equalAddress, type IpAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import type { HostPort } from "../../core/net/host_port.ts";

/** Milliseconds that a name may take before the addresses known so far are used. */
const PATIENCE = 2_000;

/** What the finder asks. */
export interface FinderSources {
  /** The addresses of a name; rejects with OperationError. */
  readonly resolve: (host: string) => Promise<IpAddress[]>;
  /** Milliseconds that a name may take; two seconds unless a test cannot wait. */
  readonly patience?: number;
  /** The IP version of the socket; 6 reaches IPv4 too. */
  readonly family: 4 | 6;
}

/** Finds the server of one accessor. */
export class ServerFinder {
  readonly #remote: HostPort;
  readonly #sources: FinderSources;
  #known: readonly IpAddress[];
  #fault: string | undefined;

  /** @param known the addresses that the host had just now */
  constructor(remote: HostPort, known: readonly IpAddress[], sources: FinderSources) {
    this.#remote = remote;
    this.#known = known;
    this.#sources = sources;
  }

  /** Why the host's name was not resolved the last time, worded for people; undefined if it was. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /**
   * The endpoint to try.
   *
   * @param attempt counts from 1; each goes on to the next address
   * @param current where the server spoke from last
   * @param isAlive whether it did so lately: then it is tried there first
   */
  async find(
    attempt: number,
    current: Endpoint | undefined,
    isAlive: boolean,
  ): Promise<Endpoint | undefined> {
    await this.#refresh();
    const { port } = this.#remote;
    const resolved = this.#known.filter(({ family }) => family <= this.#sources.family);
    const places: Endpoint[] = resolved.map((address) => ({ address, port }));
    const isKnown = current !== undefined &&
      resolved.some((address) => equalAddress(address, current.address));
    if (current !== undefined && isAlive) places.unshift(current);
    else if (current !== undefined && !isKnown) places.push(current);
    return places[(attempt - 1) % Math.max(1, places.length)];
  }

  async #refresh(): Promise<void> {
    const { resolve, patience = PATIENCE } = this.#sources;
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), patience);
    try {
      const addresses = await Promise.race([resolve(this.#remote.host), late.promise]);
      if (addresses === undefined) return;
      this.#known = addresses;
      this.#fault = undefined;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#fault = error.report;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The IP version of a socket that reaches these addresses: that of IPv6 reaches IPv4 too, by mapped addresses (RFC 4291 2.5.5.2). */
export function socketFamily(addresses: readonly IpAddress[]): 4 | 6 {
  return addresses.some(({ family }) => family === 6) ? 6 : 4;
}
