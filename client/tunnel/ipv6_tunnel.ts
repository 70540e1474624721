import { getLogger } from "../../program/log.ts";
import { IPV6_MIN_MTU } from "../../core/config/values.ts";
import { asOperationError } from "../../core/error.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { nextAddress } from "../../core/net/address.ts";
import { equalPrefix, formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { readSysctl } from "../../ffi/libc/proc_linux.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";

const log = getLogger("ipv6");

export interface Ipv6TunnelDeps {
  readonly router: Router;
  /** The interface with its IPv4 addresses. */
  readonly base: InterfaceSettings;
  /** Carries IPv6 packets, or drops them. */
  readonly carryIpv6: (isOn: boolean) => void;
}

/** The IPv6 side of the client's interface. It is on once a server has named the virtual IPv6 network, which one of v1 never does. */
export class Ipv6Tunnel {
  #active: Prefix | undefined;
  #desired: Prefix | undefined;
  readonly #queue = new SerialQueue((error) => log.warn(faultOf(error)));

  constructor(readonly deps: Ipv6TunnelDeps) {}

  /** The Docker side's address with the network's length; undefined while IPv6 is off. */
  get addr6(): Prefix | undefined {
    return this.#active;
  }

  /** The interface with the addresses that it has now. */
  get interface(): InterfaceSettings {
    const { base } = this.deps;
    return this.#active === undefined ? base : withIpv6(base, this.#active);
  }

  /**
   * Applies a network, or none. A failure is logged and leaves IPv6 off.
   *
   * @param addr6 the Docker side's address with the network's length
   */
  follow(addr6: Prefix | undefined): Promise<void> {
    const known = this.#desired;
    const isSame = addr6 === known || (addr6 && known && equalPrefix(addr6, known));
    if (isSame) return this.#queue.run(() => {});
    this.#desired = addr6;
    return this.#queue.run(() => this.#change(addr6));
  }

  /** Runs `work` while no change of the network is under way. */
  whileSettled<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work);
  }

  async #change(addr6: Prefix | undefined): Promise<void> {
    const { router, base, carryIpv6 } = this.deps;
    carryIpv6(false);
    try {
      if (this.#active !== undefined) await router.removeRoute(maskPrefix(this.#active), base.name);
      this.#active = undefined;
      if (addr6 === undefined) return await router.configureInterface(base);
      if (base.mtu < IPV6_MIN_MTU) {
        const { mtu } = base;
        return log.warn("IPv6 stays off: the MTU is too small for it", { mtu, least: IPV6_MIN_MTU });
      }
      await router.configureInterface(withIpv6(base, addr6));
      await router.addRoute(maskPrefix(addr6), base.name);
      this.#active = addr6;
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

function withIpv6(base: InterfaceSettings, { address }: Prefix): InterfaceSettings {
  return { ...base, address6: address, peer6: nextAddress(address) };
}

function faultOf(error: unknown): string {
  return `IPv6 stays off: ${asOperationError(error, "Cannot switch IPv6 on").report}`;
}
