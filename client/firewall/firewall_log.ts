/**
 * What the log says of the firewall: changes, each once.
 *
 * @module
 */

import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import type { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import type { FirewallState } from "../../system/firewall/firewall.ts";
import type { FoundPair } from "./find_bridges.ts";

const log = getLogger("firewall");

/** Tells of each look what is new. */
export class FirewallLog {
  readonly #said = new LogOnChange();
  #isOpen = false;

  /** @param chain the chain that gets the rules */
  constructor(readonly chain: string) {}

  /** Takes what a look came to. */
  tell(state: FirewallState, found: readonly FoundPair[]): void {
    this.#tellRules(state);
    this.#tellFault(state);
    for (const { pair: { a, b }, bridges } of found) {
      // What no rule connects is not told as connected: the chain's absence is told above.
      if (bridges === undefined || state.backends.length > 0) {
        this.#tellPair(formatAddress(a), formatAddress(b), bridges);
      }
    }
  }

  /** The rules could not be taken out at the end. */
  leftBehind(fault: OperationError): void {
    log.warn(`rules may be left behind; the next start takes them out. ${fault.report}`);
  }

  #tellRules({ backends, rules, inserted, deleted }: FirewallState): void {
    const backend = backends.join(", ");
    const wasOpen = this.#isOpen;
    this.#isOpen = backends.length > 0;
    if (deleted > 0 && inserted === 0) log.info("rules taken out", { deleted });
    if (inserted === 0) return;
    if (!wasOpen) log.info("rules are in place", { backend, chain: this.chain, rules, inserted, deleted });
    else log.info("rules changed", { backend, chain: this.chain, rules, inserted, deleted });
  }

  #tellFault({ backends, fault }: FirewallState): void {
    if (fault !== undefined) {
      if (this.#said.changed("fault", fault.report)) log.warn(fault.report);
    } else if (this.#said.clear("fault")) log.info("the firewall is in order again");
    const waits = backends.length === 0 && fault === undefined;
    if (!waits) this.#said.clear("chain");
    else if (this.#said.changed("chain", "absent")) {
      log.info("there is no such chain yet; its rules follow as soon as Docker has made it", {
        chain: this.chain,
      });
    }
  }

  #tellPair(a: string, b: string, bridges: FoundPair["bridges"]): void {
    const names = bridges?.map(({ name }) => name).join(" ");
    if (!this.#said.changed(`pair ${a} ${b}`, names ?? "")) return;
    if (names === undefined) log.warn("cannot connect the networks yet: one of them is not there", { a, b });
    else log.info("networks connected", { a, b, bridges: names });
  }
}
