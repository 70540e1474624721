/** The tables that have rules of ours. */
export type FirewallTable = "raw" | "filter" | "nat";

/** The tables in the order in which a repair goes through them. */
export const FIREWALL_TABLES: readonly FirewallTable[] = ["raw", "filter", "nat"];

/** A rule of Docker's firewall in the form that `iptables-save` prints and `iptables-restore` reads. */
export interface FirewallRule {
  /** The table of its chain. */
  readonly table: FirewallTable;
  /** The chain it stands in. */
  readonly chain: string;
  /** What follows `-A CHAIN ` in the output of `iptables-save`. */
  readonly spec: string;
}

/** The comment that marks a rule as this program's; no other rule is ever touched. */
const RULE_TAG = "docker-connector";

/** The comment in the options' order of iptables-save: after the interfaces, before the target. */
export const TAG_OPTIONS: string = `-m comment --comment ${RULE_TAG}`;

/** Some versions of iptables-save put every comment in quotes. */
const TAGGED = new RegExp(` ?--comment (?:${RULE_TAG}|"${RULE_TAG}")(?: |$)`);

/** Whether a rule's `spec` is this program's. */
export function isTagged(spec: string): boolean {
  return TAGGED.test(spec);
}

/** The `spec` without quotes around the comment and with small letters in Ethernet addresses, to compare rules of any version. */
export function plainSpec(spec: string): string {
  return spec.replace(`--comment "${RULE_TAG}"`, `--comment ${RULE_TAG}`)
    .replace(/(?<=--mac-source )[0-9A-F:]+/, (mac) => mac.toLowerCase());
}

/** Stands for a rule that cannot be printed: no rule has such a text. */
export const UNREAD = "(unread)";

/** A rule that cannot be printed. */
export interface UnreadRule {
  /** The table of its chain. */
  readonly table: FirewallTable;
  /** The chain it stands in. */
  readonly chain: string;
  /** Its place in the chain, from 1 */
  readonly number: number;
}

/**
 * The chains of the tables by name, each with its rules from the top, as `iptables-save` and `iptables -S` print them
 * (iptables-save(8), iptables(8)). A rule is what follows `-A CHAIN `.
 */
export class RuleSnapshot {
  readonly #tables = new Map<FirewallTable, Map<string, string[]>>();
  readonly #unread: UnreadRule[] = [];
  /** Tables that iptables-nft will not print, since something in them was not made by iptables. */
  readonly unprinted: readonly FirewallTable[];

  /** Reads the output of iptables-save. Lines that are not understood are skipped. */
  constructor(text: string) {
    const incompatible = text.matchAll(/^# Table `(\S+)' is incompatible/gm);
    this.unprinted = [...incompatible].map(([, name]) => knownTable(name)).filter((table) =>
      table !== undefined
    );
    let table: FirewallTable | undefined;
    for (const line of text.split("\n")) {
      if (line.startsWith("*")) table = knownTable(line.slice(1));
      else if (table !== undefined) this.#takeLine(table, line);
    }
  }

  /** Adds what `iptables -t TABLE -S CHAIN` printed. */
  add(table: FirewallTable, text: string): void {
    for (const line of text.split("\n")) this.#takeLine(table, line);
  }

  /** Adds a rule that cannot be printed at the end of a chain; its text is {@linkcode UNREAD}. */
  addUnread(table: FirewallTable, chain: string): void {
    const rules = this.#chain(table, chain);
    rules.push(UNREAD);
    this.#unread.push({ table, chain, number: rules.length });
  }

  /** The rules that cannot be printed. */
  get unread(): readonly UnreadRule[] {
    return this.#unread;
  }

  /** Whether the table is there, even one that is not printed. */
  hasTable(table: FirewallTable): boolean {
    return this.#tables.has(table) || this.unprinted.includes(table);
  }

  /** Whether the table has the chain. */
  hasChain(table: FirewallTable, chain: string): boolean {
    return this.#tables.get(table)?.has(chain) ?? false;
  }

  /** A chain's rules from the top; empty where the chain does not exist. */
  rulesOf(table: FirewallTable, chain: string): readonly string[] {
    return this.#tables.get(table)?.get(chain) ?? [];
  }

  /** The names of a table's chains. */
  chainsOf(table: FirewallTable): string[] {
    return [...this.#tables.get(table)?.keys() ?? []];
  }

  #takeLine(table: FirewallTable, line: string): void {
    // ":CHAIN POLICY [packets:bytes]" by iptables-save, "-P CHAIN POLICY" or "-N CHAIN" by iptables -S.
    const chain = /^(?::|-[PN] )(\S+)/.exec(line)?.[1];
    if (chain !== undefined) this.#chain(table, chain);
    // A rule that matches everything and does nothing is its chain alone.
    const [, of, spec = ""] = /^-A (\S+) ?(.*?)\s*$/.exec(line) ?? [];
    if (of !== undefined) this.#chain(table, of).push(spec);
  }

  #chain(table: FirewallTable, chain: string): string[] {
    const chains = this.#tables.get(table) ?? new Map<string, string[]>();
    const rules = chains.get(chain) ?? [];
    this.#tables.set(table, chains.set(chain, rules));
    return rules;
  }
}

function knownTable(name: string | undefined): FirewallTable | undefined {
  return FIREWALL_TABLES.find((table) => table === name);
}
