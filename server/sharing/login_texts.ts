/**
 * What accessors are told: their address, the server's, the MTU and the exposed networks.
 *
 * @module
 */
import type { Config } from "../../core/config/config.ts";
import { tunnelAddresses } from "../../core/config/virtual_network.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import { encodeLogin, MAX_ROUTES, MAX_SESSION_MTU } from "../../core/token/login.ts";

/** The part of a configuration that sharing goes by. */
export type SharingConfig = Pick<Config, "addr" | "mtu" | "routes" | "tokens" | "pong" | "dns">;

/** Most bytes of a text in one transport message, with room for its header, tag and padding in a datagram. */
const MAX_TEXT = 65_000;
/** Bytes of the buffer that the original reads a login reply into (accessor/main.go of mac-docker-connector). */
const ORIGINAL_BUFFER = 2000;

/** The networks of `route CIDR expose` lines. An accessor has an IPv4 address only, so IPv6 is left out. */
export function exposedPrefixes({ routes }: Pick<Config, "routes">): Prefix[] {
  return routes.filter(({ expose, prefix }) => expose && prefix.address.family === 4)
    .map(({ prefix }) => prefix);
}

/** The texts for the accessors of one configuration, and of those that follow it. */
export class LoginTexts {
  #config: SharingConfig;
  #generation: number;

  /** @param random a number from 0 to below 1, so that parts of an earlier run's texts do not match */
  constructor(config: SharingConfig, random: () => number = Math.random) {
    this.#config = config;
    this.#generation = Math.floor(random() * 0x1_0000);
  }

  /**
   * Applies the next configuration.
   *
   * @returns whether accessors are told something else from now on
   */
  update(config: SharingConfig): boolean {
    const isNews = describe(config) !== describe(this.#config);
    this.#config = config;
    if (isNews) this.#generation++;
    return isNews;
  }

  /** The texts for our own accessors, each no longer than a packet. */
  texts(address: IpAddress): Uint8Array<ArrayBuffer>[] {
    return this.#encode(
      address,
      Math.min(this.#config.mtu, MAX_TEXT),
      exposedPrefixes(this.#config),
      this.#config.dns,
    );
  }

  /** The one text for the original's accessor, which knows no parts: with as many routes as its buffer holds. */
  wholeText(address: IpAddress): Uint8Array<ArrayBuffer> {
    const routes = exposedPrefixes(this.#config);
    for (;;) {
      const [text = new Uint8Array(), ...rest] = this.#encode(address, ORIGINAL_BUFFER, routes);
      if (rest.length === 0) return text;
      routes.length = Math.floor(routes.length * 0.9);
    }
  }

  #encode(
    address: IpAddress,
    size: number,
    routes: readonly Prefix[],
    domain?: string,
  ): Uint8Array<ArrayBuffer>[] {
    const { addr, mtu } = this.#config;
    const login = {
      address: { address, length: addr.length },
      peer: tunnelAddresses(addr).server,
      mtu: Math.min(mtu, MAX_SESSION_MTU),
      ...domain === undefined ? {} : { domain },
      routes: routes.slice(0, MAX_ROUTES),
    };
    return encodeLogin(login, size, this.#generation);
  }
}

/** All that a text says besides the accessor's address. */
function describe(config: SharingConfig): string {
  return [formatPrefix(config.addr), config.mtu, config.dns, ...exposedPrefixes(config).map(formatPrefix)]
    .join();
}
