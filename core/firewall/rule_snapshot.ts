/**
 * Reads what `iptables-save` and `iptables -S` print (iptables-save(8), iptables(8)).
 *
 * @module
 */

import { FIREWALL_TABLES, type FirewallTable } from "./rule.ts";

/** The chains of the tables by name, each with its rules from the top: what follows `-A CHAIN `. */
export class RuleSnapshot {
  readonly #tables = new Map<FirewallTable, Map<string, string[]>>();
  /** Tables that iptables-nft will not print, since something in them was not made by iptables. */
  readonly unprinted: readonly FirewallTable[];

  /**
   * Reads the output of iptables-save.
   *
   * @param text the output; lines that are not understood are passed over
   */
  constructor(text: string) {
    const unprinted: FirewallTable[] = [];
    let table: FirewallTable | undefined;
    for (const line of text.split("\n")) {
      if (line.startsWith("*")) table = knownTable(line.slice(1));
      else if (table !== undefined) this.#takeLine(table, line);
      const name = knownTable(/^# Table `(\S+)' is incompatible/.exec(line)?.[1]);
      if (name !== undefined) unprinted.push(name);
    }
    this.unprinted = unprinted;
  }

  /**
   * Adds what `iptables -t TABLE -S CHAIN` printed.
   *
   * @param table the table that was asked for
   * @param text its output
   */
  add(table: FirewallTable, text: string): void {
    for (const line of text.split("\n")) this.#takeLine(table, line);
  }

  /**
   * Whether there is the table, even one that is not printed.
   *
   * @param table the table
   */
  hasTable(table: FirewallTable): boolean {
    return this.#tables.has(table) || this.unprinted.includes(table);
  }

  /**
   * Whether the table has the chain.
   *
   * @param table the table
   * @param chain the chain's name
   */
  hasChain(table: FirewallTable, chain: string): boolean {
    return this.#tables.get(table)?.has(chain) ?? false;
  }

  /**
   * A chain's rules from the top; none where there is no such chain.
   *
   * @param table the table
   * @param chain the chain's name
   */
  rulesOf(table: FirewallTable, chain: string): readonly string[] {
    return this.#tables.get(table)?.get(chain) ?? [];
  }

  /**
   * The names of a table's chains.
   *
   * @param table the table
   */
  chainsOf(table: FirewallTable): string[] {
    return [...this.#tables.get(table)?.keys() ?? []];
  }

  #takeLine(table: FirewallTable, line: string): void {
    // ":CHAIN POLICY [packets:bytes]" by iptables-save, "-P CHAIN POLICY" or "-N CHAIN" by iptables -S.
    const chain = /^(?::|-[PN] )(\S+)/.exec(line)?.[1];
    if (chain !== undefined) this.#chain(table, chain);
    // A rule that matches everything and does nothing is its chain alone.
    const rule = /^-A (\S+) ?(.*?)\s*$/.exec(line);
    if (rule !== null) this.#chain(table, rule[1] ?? "").push(rule[2] ?? "");
  }

  #chain(table: FirewallTable, chain: string): string[] {
    const chains = this.#tables.get(table) ?? new Map<string, string[]>();
    this.#tables.set(table, chains);
    const rules = chains.get(chain) ?? [];
    chains.set(chain, rules);
    return rules;
  }
}

function knownTable(name: string | undefined): FirewallTable | undefined {
  return FIREWALL_TABLES.find((table) => table === name);
}
