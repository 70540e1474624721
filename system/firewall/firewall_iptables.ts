import { OperationError } from "../../core/error.ts";
import { type FirewallTable, RuleSnapshot } from "../../core/firewall/rule.ts";
import type { CommandOutcome, RunCommand } from "../process/command.ts";

/**
 * The program of each: the file behind iptables-nft, ip6tables-nft and so on, which takes their names as its first argument.
 * Compiled programs may run these files and no others (tools/programs.ts).
 */
export const IPTABLES_PROGRAMS = {
  "iptables-nft": "/usr/sbin/xtables-nft-multi",
  "iptables-legacy": "/usr/sbin/xtables-legacy-multi",
} as const;

export type IptablesName = keyof typeof IPTABLES_PROGRAMS;

/** So many rules of a chain are read one by one at most: a program each. */
const MAX_NUMBERED = 256;

/** Seconds to wait for another iptables that holds the lock. */
const LOCK_WAIT = 2;

/** Where iptables-legacy has its lock, if not at /run/xtables.lock: where the root is read-only, /dev/shm can be written. */
const LOCK_FILES = ["/dev/shm/xtables.lock", "/tmp/xtables.lock"];

/** One iptables and one family: the nftables-based and the legacy one have rules of their own, and a packet passes those of both. */
export class Iptables {
  #lock: Record<string, string> = {};

  constructor(readonly run: RunCommand, readonly name: IptablesName, readonly family: 4 | 6) {}

  /**
   * Reads the rules.
   *
   * @param chains those that are asked for by name where a table cannot be printed as a whole
   * @returns undefined where there is no such program
   * @throws {OperationError} "privilege" when it is not permitted, "io" when it fails otherwise
   */
  async read(chains: readonly (readonly [FirewallTable, string])[]): Promise<RuleSnapshot | undefined> {
    const saved = await this.#call("-save");
    if (saved === undefined) return undefined;
    // Somewhere is a rule that cannot be printed, and with it all that comes after; it need not concern us.
    const isCut = lacksExtension(saved);
    if (saved.code !== 0 && !isCut) throw this.#unreadable(saved);
    const rules = new RuleSnapshot(isCut ? "" : saved.stdout);
    for (const [table, chain] of chains) {
      if (!isCut && !rules.unprinted.includes(table)) continue;
      const listed = await this.#call("", ["-t", table, "-S", chain]);
      if (listed === undefined) return undefined;
      if (lacksExtension(listed)) await this.#readOneByOne(rules, table, chain, listed);
      else if (listed.code === 0) rules.add(table, listed.stdout);
    }
    return rules;
  }

  /** Reads a chain that is printed up to a rule of an extension that is not here: those after it are printed by their numbers. */
  async #readOneByOne(
    rules: RuleSnapshot,
    table: FirewallTable,
    chain: string,
    listed: CommandOutcome,
  ): Promise<void> {
    // iptables-legacy begins the line of the rule that it cannot print.
    const printed = listed.stdout.slice(0, listed.stdout.lastIndexOf("\n") + 1);
    rules.add(table, printed);
    for (let number = rules.rulesOf(table, chain).length + 1; number <= MAX_NUMBERED; number++) {
      const one = await this.#call("", ["-t", table, "-S", chain, String(number)]);
      if (one === undefined) return;
      if (lacksExtension(one)) rules.addUnread(table, chain);
      else if (one.code !== 0) throw this.#unreadable(one);
      else if (one.stdout.trim() === "") return;
      else rules.add(table, one.stdout);
    }
    throw this.#unreadable(listed);
  }

  #unreadable(outcome: CommandOutcome): OperationError {
    const act = `Cannot read the rules of ${this.name}`;
    return new OperationError("io", `${act}: ${firstLine(outcome)}`, "Try the command by hand");
  }

  /**
   * Changes rules.
   *
   * @param script input of iptables-restore
   * @returns why it was refused, as the program says it; undefined when it was done
   * @throws {OperationError} "privilege" when it is not permitted
   */
  async apply(script: string): Promise<string | undefined> {
    const restore = () => this.#call("-restore", ["--noflush", `--wait=${LOCK_WAIT}`], script);
    let outcome = await restore();
    for (const file of LOCK_FILES) {
      if (outcome === undefined || !/lock file/.test(outcome.stderr)) break;
      this.#lock = { XTABLES_LOCKFILE: file };
      outcome = await restore();
    }
    if (outcome === undefined) return "the program is gone";
    return outcome.code === 0 ? undefined : firstLine(outcome);
  }

  /** Runs the program; undefined where there is none. */
  async #call(
    suffix: "-save" | "-restore" | "",
    args: readonly string[] = [],
    input?: string,
  ): Promise<CommandOutcome | undefined> {
    const command = `${this.family === 4 ? "iptables" : "ip6tables"}${suffix}`;
    const options = { env: this.#lock, ...input === undefined ? {} : { input } };
    const running = this.run([IPTABLES_PROGRAMS[this.name], command, ...args], options);
    const outcome = await running.catch((error) => {
      if (error instanceof OperationError && error.code === "unavailable") return undefined;
      throw error;
    });
    if (outcome === undefined || outcome.code === 0) return outcome;
    // iptables-legacy-restore does not say why it cannot have the table.
    if (/must be root|unable to initialize table/.test(outcome.stderr)) {
      const act = `Cannot ${suffix === "-restore" ? "change" : "read"} the rules of ${this.name}`;
      const remedy = "Give the container CAP_NET_ADMIN, and CAP_NET_RAW too, which iptables-legacy needs";
      throw new OperationError("privilege", `${act}: operation not permitted`, remedy);
    }
    return outcome;
  }
}

/** Whether it stopped at a rule of an extension that is not installed here: iptables-nft's words, then iptables-legacy's. */
function lacksExtension({ code, stderr }: CommandOutcome): boolean {
  return code !== 0 && /extension not found|Can't find library for/.test(stderr);
}

function firstLine({ stderr, code }: CommandOutcome): string {
  return stderr.trim().split("\n")[0] || `exit status ${code}`;
}
