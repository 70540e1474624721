import { version } from "../../program/build_info.ts";
import type { ContainerBridge } from "../../core/firewall/desired_rules.ts";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import type { ClientDescription, FirewallFacts } from "../../core/protocol/description.ts";
import { SystemError } from "../../ffi/libc/errno.ts";

export interface DescriptionDeps {
  /** The active virtual networks, each with the address on this side. */
  readonly networks: () => readonly Prefix[];
  readonly bridges: () => readonly ContainerBridge[];
  readonly firewall: () => FirewallFacts;
  /** Milliseconds between heartbeats. */
  readonly heartbeatMs?: number;
  /** Where probes of the direct path are answered. */
  readonly direct: () => readonly string[];
  /** The key for which a certificate is wanted; undefined for none. */
  readonly certificateKey?: () => string | undefined;
}

/** What the client tells its server of itself and its machine. Container networks are listed only when they may have changed, since that takes time. */
export class SelfDescription {
  #subnets: readonly string[] = [];

  constructor(readonly deps: DescriptionDeps) {
    this.refreshSubnets();
  }

  refreshSubnets(): void {
    try {
      const subnets = this.deps.bridges().flatMap(({ subnets }) => subnets);
      this.#subnets = [...new Set(subnets.map((subnet) => formatPrefix(maskPrefix(subnet))))].sort();
    } catch (error) {
      // The last list stays.
      if (!(error instanceof SystemError)) throw error;
    }
  }

  get current(): ClientDescription {
    const certificateKey = this.deps.certificateKey?.();
    const { heartbeatMs } = this.deps;
    return {
      version,
      ...heartbeatMs === undefined ? {} : { heartbeatMs },
      addresses: this.deps.networks().map(({ address }) => formatAddress(address)),
      firewall: this.deps.firewall(),
      subnets: this.#subnets,
      answersProbes: true,
      direct: this.deps.direct(),
      ...certificateKey === undefined ? {} : { certificateKey },
    };
  }
}
