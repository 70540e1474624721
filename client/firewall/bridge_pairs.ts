/**
 * The pairs of container networks that the server wants connected, as its control texts name them, and their bridges.
 *
 * @module
 */
import type { NetworkPair as ConfiguredPair } from "../../core/config/config.ts";
import type { ContainerBridge } from "../../core/firewall/desired_rules.ts";
import { equalAddress, formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import { maskPrefix } from "../../core/net/prefix.ts";
import type { ControlCommand } from "../../core/protocol/control.ts";

/** Two container networks by their network addresses. */
export type NetworkPair = Pick<ConfiguredPair, "a" | "b">;

/** The set of wanted pairs; which of the two comes first does not matter. */
export class BridgePairs {
  readonly #pairs = new Map<string, NetworkPair>();

  get wanted(): readonly NetworkPair[] {
    return [...this.#pairs.values()];
  }

  /**
   * Takes the commands of one control text. A text that begins with `version` says everything, so what it does not name is
   * no longer wanted; any other says what is new.
   *
   * @returns how many `connect` and `disconnect` commands could not be understood
   */
  take(commands: readonly ControlCommand[]): number {
    if (commands[0]?.name === "version") this.#pairs.clear();
    let faulty = 0;
    for (const { name, words } of commands) {
      if (name !== "connect" && name !== "disconnect") continue;
      const [a, b, ...rest] = words.map((word) => parseAddress(word));
      if (a === undefined || b === undefined || rest.length > 0 || equalAddress(a, b)) {
        faulty++;
        continue;
      }
      const key = [formatAddress(a), formatAddress(b)].sort().join(" ");
      if (name === "connect") this.#pairs.set(key, { a, b });
      else this.#pairs.delete(key);
    }
    return faulty;
  }
}

export interface FoundPair {
  readonly pair: NetworkPair;
  readonly bridges: readonly [ContainerBridge, ContainerBridge] | undefined;
}

/**
 * Finds the bridges of pairs by the network addresses. Docker makes a new bridge when a network is created again, so a bridge
 * holds until the next look only.
 */
export function findBridges(
  pairs: readonly NetworkPair[],
  bridges: readonly ContainerBridge[],
): FoundPair[] {
  const bridgeOf = (address: IpAddress) =>
    bridges.find(({ subnets }) =>
      subnets.some((subnet) => equalAddress(maskPrefix(subnet).address, address))
    );
  return pairs.map((pair) => {
    const [a, b] = [bridgeOf(pair.a), bridgeOf(pair.b)];
    return { pair, bridges: a === undefined || b === undefined || a === b ? undefined : [a, b] };
  });
}
