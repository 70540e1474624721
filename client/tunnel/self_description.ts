/**
 * What the client tells its server of itself and its machine.
 *
 * @module
 */
import { version } from "../../program/build_info.ts";
import type { ContainerBridge } from "../../core/firewall/desired_rules.ts";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import type { ClientDescription, FirewallFacts } from "../../core/protocol/description.ts";
import { SystemError } from "../../ffi/libc/system_error.ts";

/** Where the facts come from. */
export interface DescriptionSources {
  /** The virtual networks in force, each with the address on this side. */
  readonly networks: () => readonly Prefix[];
  readonly bridges: () => readonly ContainerBridge[];
  readonly firewall: () => FirewallFacts;
}

/** Gathers the facts. Those that cost something are looked up when they may have changed. */
export class SelfDescription {
  readonly #sources: DescriptionSources;
  #subnets: readonly string[] = [];

  constructor(sources: DescriptionSources) {
    this.#sources = sources;
    this.lookAtBridges();
  }

  /** Lists the container networks anew. */
  lookAtBridges(): void {
    try {
      const subnets = this.#sources.bridges().flatMap(({ subnets }) => subnets);
      this.#subnets = [...new Set(subnets.map((subnet) => formatPrefix(maskPrefix(subnet))))].sort();
    } catch (error) {
      // They stay as they were last seen.
      if (!(error instanceof SystemError)) throw error;
    }
  }

  /** The facts as they are known now. */
  get current(): ClientDescription {
    return {
      version,
      addresses: this.#sources.networks().map(({ address }) => formatAddress(address)),
      firewall: this.#sources.firewall(),
      subnets: this.#subnets,
    };
  }
}
