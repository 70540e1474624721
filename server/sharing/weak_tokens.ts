import { type Clock, sleep } from "../../core/async/clock.ts";
import type { Token } from "../../core/config/config.ts";
import { formatAddress } from "../../core/net/address.ts";
import { ENOUGH_BITS, tokenStrength } from "../../core/token/strength.ts";
import { getLogger } from "../../program/log.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";

const log = getLogger("sharing");

/** Tokens judged at a time: some milliseconds, so that nothing else waits for long. */
const BATCH = 32;
/** Most addresses that the warning names. */
const MAX_NAMED = 8;

/**
 * Warns about tokens that can be guessed (docs/guide/security.md says what that costs). Remembers of each whether it is
 * weak, so that each is judged and warned about once.
 */
export class WeakTokens {
  #judged = new Map<string, boolean>();

  constructor(readonly clock: Clock = SYSTEM_CLOCK) {}

  /** How many of the tokens are weak, as far as they have been judged. */
  get count(): number {
    return [...this.#judged.values()].filter(Boolean).length;
  }

  /** Applies the tokens of a configuration, and warns about those that are new and weak. */
  async update(tokens: readonly Token[]): Promise<void> {
    const before = this.#judged;
    const judged = this.#judged = new Map<string, boolean>();
    const weak: string[] = [];
    let fresh = 0;
    for (const { name, address } of tokens) {
      const known = before.get(name);
      const isWeak = known ?? tokenStrength(name).isWeak;
      judged.set(name, isWeak);
      if (known !== undefined) continue;
      if (isWeak) weak.push(formatAddress(address));
      if (++fresh % BATCH === 0) await sleep(0, this.clock);
    }
    if (weak.length === 0) return;
    const more = weak.length > MAX_NAMED ? ` and ${weak.length - MAX_NAMED} more` : "";
    log.warn(
      `tokens of less than ${ENOUGH_BITS} bits can be guessed; "docker-connector token generate" makes strong ones`,
      { addresses: weak.slice(0, MAX_NAMED).join(" ") + more },
    );
  }
}
