/**
 * Rules of Docker's firewall in the form that `iptables-save` prints and `iptables-restore` reads.
 *
 * @module
 */

/** The tables that rules are kept in. */
export type FirewallTable = "raw" | "filter" | "nat";

/** The tables in the order in which a repair goes through them. */
export const FIREWALL_TABLES: readonly FirewallTable[] = ["raw", "filter", "nat"];

/** One rule. */
export interface FirewallRule {
  /** The table of its chain. */
  readonly table: FirewallTable;
  /** The chain it stands in. */
  readonly chain: string;
  /** What follows `-A CHAIN ` in the output of `iptables-save`. */
  readonly spec: string;
}

/** The comment that marks a rule as this program's; no other rule is ever touched. */
export const RULE_TAG = "docker-connector";

/** The comment in the options' order of iptables-save: after the interfaces, before the target. */
export const TAG_OPTIONS: string = `-m comment --comment ${RULE_TAG}`;

/** Some versions of iptables-save put every comment in quotes. */
const tagPattern = new RegExp(` ?--comment (?:${RULE_TAG}|"${RULE_TAG}")(?: |$)`);

/**
 * Whether a rule is this program's.
 *
 * @param spec what follows `-A CHAIN `
 */
export function isTagged(spec: string): boolean {
  return tagPattern.test(spec);
}

/**
 * The rule's text without quotes around the comment, to compare rules of any version.
 *
 * @param spec what follows `-A CHAIN `
 */
export function plainSpec(spec: string): string {
  return spec.replace(`--comment "${RULE_TAG}"`, `--comment ${RULE_TAG}`);
}
