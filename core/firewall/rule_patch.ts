import {
  FIREWALL_TABLES,
  type FirewallRule,
  type FirewallTable,
  isTagged,
  plainSpec,
  type RuleSnapshot,
} from "./rule.ts";

/** The changes that make the rules as they should be. */
export interface RulePatch {
  /** How many rules are inserted. */
  readonly inserted: number;
  /** How many are deleted: those of an earlier run, those no longer wanted, and those in the wrong place. */
  readonly deleted: number;
  /** The input for `iptables-restore --noflush`, which changes each table at once or not at all; empty for no change. */
  readonly script: string;
}

/**
 * Compares the rules. Rules without this program's tag are never changed. Rules are named by their text, never by their
 * number, which another program may shift at any time.
 *
 * @param saved the rules that are there
 * @param wanted the rules that should be there; of each chain the first one topmost
 */
export function diffRules(saved: RuleSnapshot, wanted: readonly FirewallRule[]): RulePatch {
  let script = "";
  let inserted = 0;
  let deleted = 0;
  for (const table of FIREWALL_TABLES) {
    const lines: string[] = [];
    const specs = Map.groupBy(wanted.filter((rule) => rule.table === table), ({ chain }) => chain);
    for (const chain of new Set([...saved.chainsOf(table), ...specs.keys()])) {
      const missing = new Set(specs.get(chain)?.map(({ spec }) => spec));
      const surplus = takeInPlace(missing, table, saved.rulesOf(table, chain));
      deleted += surplus.length;
      inserted += missing.size;
      // Each goes to the top, so the last one first.
      lines.push(...surplus.map((spec) => `-D ${chain} ${spec}`));
      lines.push(...[...missing].reverse().map((spec) => `-I ${chain} 1 ${spec}`));
    }
    if (lines.length > 0) script += `*${table}\n${lines.join("\n")}\nCOMMIT\n`;
  }
  return { inserted, deleted, script };
}

/** Removes from `missing` the rules that are in place, and returns the tagged rules that have to go. */
function takeInPlace(missing: Set<string>, table: FirewallTable, existing: readonly string[]): string[] {
  let isTooLate = false;
  return existing.filter((spec) => {
    // A masquerade of ours is for other packets than those of Docker's.
    const hasOrder = table !== "nat" || spec.includes("-j SNAT");
    if (isTagged(spec)) return (isTooLate && hasOrder) || !missing.delete(plainSpec(spec));
    isTooLate ||= endsBefore(table, spec);
    return false;
  });
}

/**
 * Whether a rule of ours below this one of another program comes too late: in raw below any drop, which is how Docker keeps
 * others away from containers; in nat below what gives packets another source, since the first such rule is the one that counts;
 * in the user's chain below a return of everything, which older Engines put at its end. A drop that the user put above the
 * accepts is meant to win, and a chain that another program calls first is left there, lest the two take turns forever.
 */
function endsBefore(table: FirewallTable, spec: string): boolean {
  if (table === "raw") return /(?:^| )-j DROP$/.test(spec);
  return table === "nat" ? /(?:^| )-j (?:MASQUERADE|SNAT)(?: |$)/.test(spec) : spec === "-j RETURN";
}
