/**
 * The IPv6 side of the client's interface: on once a server has named the virtual IPv6 network, which the original's never
 * does.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { IPV6_LEAST_MTU } from "../../core/config/config.ts";
import { asOperationError } from "../../core/error.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { nextAddress } from "../../core/net/address.ts";
import { equalPrefix, formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { readSysctl } from "../../ffi/libc/sysctl_linux.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";

const log = getLogger("ipv6");

/** What IPv6 is switched on and off with. */
export interface Ipv6TunnelSettings {
  readonly router: Router;
  /** The interface with its IPv4 addresses. */
  readonly base: InterfaceSettings;
  /** Carries IPv6 packets, or drops them. */
  readonly carryIpv6: (isOn: boolean) => void;
}

/** Follows the server's word about the virtual IPv6 network. */
export class Ipv6Tunnel {
  readonly #settings: Ipv6TunnelSettings;
  #inForce: Prefix | undefined;
  #wanted: Prefix | undefined;
  readonly #queue = new SerialQueue((error) => log.warn(faultOf(error)));

  constructor(settings: Ipv6TunnelSettings) {
    this.#settings = settings;
  }

  /** The Docker side's address with the network's length; undefined while IPv6 is off. */
  get addr6(): Prefix | undefined {
    return this.#inForce;
  }

  /**
   * Puts a network in force, or none. What fails is logged and leaves IPv6 off.
   *
   * @param addr6 the Docker side's address with the network's length
   */
  follow(addr6: Prefix | undefined): Promise<void> {
    const isSame = addr6 === undefined
      ? this.#wanted === undefined
      : this.#wanted !== undefined && equalPrefix(addr6, this.#wanted);
    if (isSame) return this.#queue.run(() => {});
    this.#wanted = addr6;
    return this.#queue.run(() => this.#change(addr6));
  }

  /** Does a work while no change of the network is under way. */
  whileSettled<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work);
  }

  async #change(addr6: Prefix | undefined): Promise<void> {
    const { router, base, carryIpv6 } = this.#settings;
    carryIpv6(false);
    try {
      if (this.#inForce !== undefined) await router.removeRoute(maskPrefix(this.#inForce), base.name);
      this.#inForce = undefined;
      if (addr6 === undefined) return await router.configureInterface(base);
      if (base.mtu < IPV6_LEAST_MTU) {
        return log.warn("IPv6 stays off: the MTU is too small for it", {
          mtu: base.mtu,
          least: IPV6_LEAST_MTU,
        });
      }
      const peer6 = nextAddress(addr6.address);
      await router.configureInterface({ ...base, address6: addr6.address, peer6 });
      await router.addRoute(maskPrefix(addr6), base.name);
      this.#inForce = addr6;
      carryIpv6(true);
      log.info("IPv6 is on", { address: formatPrefix(addr6) });
      if (readSysctl("net/ipv6/conf/all/forwarding") === "0") {
        log.info(
          "IPv6 forwarding is off here; containers are reached by IPv6 once Docker has a network with it",
        );
      }
    } catch (error) {
      log.warn(faultOf(error));
    }
  }
}

function faultOf(error: unknown): string {
  return `IPv6 stays off: ${asOperationError(error, "Cannot switch IPv6 on").report}`;
}
