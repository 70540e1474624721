/**
 * What the client asks of the firewall of the machine that runs Docker.
 *
 * @module
 */

import type { FirewallSpec } from "../../core/firewall/desired_rules.ts";
import type { OperationError } from "../../core/error.ts";

/** What was found and done. */
export interface FirewallState {
  /** Whose chain has the rules, such as "iptables-nft"; several where several have it, none where none has. */
  readonly backends: readonly string[];
  /** How many rules of this program are active. */
  readonly rules: number;
  /** How many were put in now. */
  readonly inserted: number;
  /** How many were taken out now. */
  readonly deleted: number;
  /** What keeps packets from passing, worded for people; undefined when nothing does. */
  readonly fault: OperationError | undefined;
  /** Whether Docker's firewall is nftables' own, which is then the fault. */
  readonly isNftables?: boolean;
}

/** The firewall. Only rules with this program's tag are ever touched. */
export interface Firewall extends Disposable {
  /**
   * A text that differs from the last one when a rule may have changed, by anyone; costs next to nothing.
   *
   * @returns undefined where that cannot be told without `ensure`
   */
  fingerprint(): string | undefined;

  /** Brings about the desired rules where the chain is, and takes every other tagged rule out. Faults are part of the state. */
  ensure(desired: FirewallSpec): Promise<FirewallState>;

  /** Takes every tagged rule out that such a desired could have put in. Faults are part of the state. */
  clear(desired: FirewallSpec): Promise<FirewallState>;
}
