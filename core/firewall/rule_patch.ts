/**
 * Compares the rules there are with those there should be, and writes the input for `iptables-restore --noflush` that makes
 * them so. Each table is changed at once or not at all.
 *
 * @module
 */

import { FIREWALL_TABLES, type FirewallRule, type FirewallTable, isTagged, plainSpec } from "./rule.ts";
import type { RuleSnapshot } from "./rule_snapshot.ts";

/** What has to be done to the rules. */
export interface RulePatch {
  /** How many rules are put in. */
  readonly inserted: number;
  /** How many are taken out: those of an earlier run, those no longer wanted, and those in the wrong place. */
  readonly deleted: number;
  /** The input for iptables-restore; empty when everything is in place. */
  readonly script: string;
}

/**
 * Works out the repair. Rules without this program's tag are never changed. Rules are named by their text, never by their
 * number, which another program may shift at any time.
 *
 * @param saved the rules there are
 * @param wanted the rules there should be; of each chain the first one topmost
 */
export function diffRules(saved: RuleSnapshot, wanted: readonly FirewallRule[]): RulePatch {
  let script = "";
  let inserted = 0;
  let deleted = 0;
  for (const table of FIREWALL_TABLES) {
    const lines: string[] = [];
    const chains = new Set([
      ...saved.chainsOf(table),
      ...wanted.filter((rule) => rule.table === table).map(({ chain }) => chain),
    ]);
    for (const chain of chains) {
      const specs = wanted.filter((rule) => rule.table === table && rule.chain === chain).map(({ spec }) =>
        spec
      );
      const { surplus, missing } = compareChain(table, saved.rulesOf(table, chain), specs);
      deleted += surplus.length;
      inserted += missing.length;
      // Each goes to the top, so the last one first.
      lines.push(...surplus.map((spec) => `-D ${chain} ${spec}`));
      lines.push(...missing.toReversed().map((spec) => `-I ${chain} 1 ${spec}`));
    }
    if (lines.length > 0) script += `*${table}\n${lines.join("\n")}\nCOMMIT\n`;
  }
  return { inserted, deleted, script };
}

function compareChain(
  table: FirewallTable,
  existing: readonly string[],
  wanted: readonly string[],
): { surplus: string[]; missing: string[] } {
  const surplus: string[] = [];
  const missing = new Set(wanted);
  let isUseless = false;
  for (const spec of existing) {
    if (!isTagged(spec)) isUseless ||= endsBefore(table, spec);
    else if (isUseless || !missing.delete(plainSpec(spec))) surplus.push(spec);
  }
  return { surplus, missing: [...missing] };
}

/**
 * Whether an accept below a rule of somebody else comes too late: in raw below any drop, which is how Docker keeps others away from containers; in the
 * user's chain below a return of everything, which older Engines put at its end. A drop that the user put above the accepts is meant
 * to win, and a chain that another program calls first is left there, lest the two take turns forever.
 */
function endsBefore(table: FirewallTable, spec: string): boolean {
  if (table === "raw") return /(?:^| )-j DROP$/.test(spec);
  return table === "filter" && spec === "-j RETURN";
}
