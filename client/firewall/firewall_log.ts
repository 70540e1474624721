import { getLogger, LogOnChange } from "../../program/log.ts";
import type { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import type { FirewallState } from "../../system/firewall/firewall_linux.ts";
import type { FoundPair } from "./bridge_pairs.ts";

const log = getLogger("firewall");

/** What the log says of the firewall: of each look what is new. */
export class FirewallLog {
  readonly #said = new LogOnChange();
  #isOpen = false;

  /** @param chain the chain that gets the rules */
  constructor(readonly chain: string) {}

  tell(state: FirewallState, found: readonly FoundPair[]): void {
    this.#tellRules(state);
    this.#tellFault(state);
    for (const each of found) {
      // What no rule connects is not told as connected: the chain's absence is told above.
      if (each.bridges === undefined || state.backends.length > 0) this.#tellPair(each);
    }
  }

  /** The rules that redirect queries for names were refused, the others are in place. */
  redirectRefused(fault: OperationError): void {
    if (!this.#said.changed("redirect", fault.report)) return;
    log.warn(
      `queries for names of the hosts file are not redirected, since this machine refuses the rules. ${fault.report}`,
    );
  }

  /** The rules could not be taken out at the end. */
  leftBehind(fault: OperationError): void {
    log.warn(`rules may be left behind; the next start takes them out. ${fault.report}`);
  }

  #tellRules({ backends, rules, inserted, deleted }: FirewallState): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = backends.length > 0;
    if (inserted > 0) {
      const facts = { backend: backends.join(", "), chain: this.chain, rules, inserted, deleted };
      log.info(wasOpen ? "rules changed" : "rules are in place", facts);
    } else if (deleted > 0) log.info("rules taken out", { deleted });
  }

  #tellFault({ backends, fault, unread }: FirewallState): void {
    if (fault !== undefined) {
      if (this.#said.changed("fault", fault.report)) log.warn(fault.report);
    } else if (this.#said.clear("fault")) log.info("the firewall is in order again");
    if (unread === undefined) this.#said.clear("unread");
    else if (this.#said.changed("unread", unread.report)) {
      log.warn(`${unread.report}. The client's own rules are in place`);
    }
    const waits = backends.length === 0 && fault === undefined;
    if (!waits) this.#said.clear("chain");
    else if (this.#said.changed("chain", "absent")) {
      log.info("there is no such chain yet; its rules follow as soon as Docker has made it", {
        chain: this.chain,
      });
    }
  }

  #tellPair({ pair, bridges }: FoundPair): void {
    const [a, b] = [formatAddress(pair.a), formatAddress(pair.b)];
    const names = bridges?.map(({ name }) => name).join(" ");
    if (!this.#said.changed(`pair ${a} ${b}`, names ?? "")) return;
    if (names === undefined) log.warn("cannot connect the networks yet: one of them is not there", { a, b });
    else log.info("networks connected", { a, b, bridges: names });
  }
}
