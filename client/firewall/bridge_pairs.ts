/**
 * The pairs of container networks that the server wants connected, as its control texts name them.
 *
 * @module
 */

import { formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import type { ControlCommand } from "../../core/protocol/control.ts";

/** Two container networks by their network addresses. */
export interface NetworkPair {
  readonly a: IpAddress;
  readonly b: IpAddress;
}

/** The set of wanted pairs; which of the two comes first does not matter. */
export class BridgePairs {
  #pairs = new Map<string, NetworkPair>();

  /** Every wanted pair. */
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
    if (commands[0]?.name === "version") this.#pairs = new Map();
    let faulty = 0;
    for (const { name, words } of commands) {
      if (name !== "connect" && name !== "disconnect") continue;
      const pair = readPair(words);
      if (pair === undefined) faulty++;
      else if (name === "connect") this.#pairs.set(keyOf(pair), pair);
      else this.#pairs.delete(keyOf(pair));
    }
    return faulty;
  }
}

function readPair(words: readonly string[]): NetworkPair | undefined {
  const [a, b, ...rest] = words.map((word) => parseAddress(word));
  if (a === undefined || b === undefined || rest.length > 0) return undefined;
  return formatAddress(a) === formatAddress(b) ? undefined : { a, b };
}

function keyOf({ a, b }: NetworkPair): string {
  return [formatAddress(a), formatAddress(b)].sort().join(" ");
}
