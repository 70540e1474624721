/**
 * One of the two iptables: the nftables-based and the legacy one have rules of their own, and a packet passes those of both.
 *
 * @module
 */

import { OperationError } from "../../core/error.ts";
import { RuleSnapshot } from "../../core/firewall/rule_snapshot.ts";
import type { FirewallTable } from "../../core/firewall/rule.ts";
import type { CommandOutcome, RunCommand } from "../process/command.ts";

/**
 * The program of each: the file behind iptables-nft, ip6tables-nft and so on, which takes their names as its first argument. Compiled programs may run
 * these files and no others (tools/programs.ts).
 */
export const IPTABLES_PROGRAMS = {
  "iptables-nft": "/usr/sbin/xtables-nft-multi",
  "iptables-legacy": "/usr/sbin/xtables-legacy-multi",
} as const;

/** The name of one of the two. */
export type IptablesName = keyof typeof IPTABLES_PROGRAMS;

/** Seconds to wait for another iptables that holds the lock. */
const LOCK_WAIT = 2;

/**
 * Where iptables-legacy has its lock, if not at /run/xtables.lock: in a container with a read-only root, /dev/shm can be
 * written all the same.
 */
const LOCK_FILES = ["/dev/shm/xtables.lock", "/tmp/xtables.lock"];

/** One iptables and one family of addresses. */
export class Iptables {
  #lock: Record<string, string> = {};

  /**
   * @param run runs programs
   * @param name which of the two
   * @param family 4 or 6
   */
  constructor(readonly run: RunCommand, readonly name: IptablesName, readonly family: 4 | 6) {}

  /**
   * Reads the rules.
   *
   * @param chains those that are asked for by name where a table cannot be printed as a whole
   * @returns undefined where there is no such program
   * @throws {OperationError} "privilege" when it is not permitted, "io" when it fails otherwise
   */
  async read(chains: readonly (readonly [FirewallTable, string])[]): Promise<RuleSnapshot | undefined> {
    const saved = await this.#call("save");
    if (saved === undefined) return undefined;
    // Somewhere is a rule that cannot be printed, and with it all that comes after; it need not concern us.
    const isCut = lacksExtension(saved);
    if (saved.code !== 0 && !isCut) throw this.#unreadable(saved);
    const rules = new RuleSnapshot(isCut ? "" : saved.stdout);
    for (const [table, chain] of chains) {
      if (!isCut && !rules.unprinted.includes(table)) continue;
      const listed = await this.#call(undefined, ["-t", table, "-S", chain]);
      if (listed === undefined) return undefined;
      if (lacksExtension(listed)) throw this.#unreadable(listed);
      if (listed.code === 0) rules.add(table, listed.stdout);
    }
    return rules;
  }

  #unreadable(outcome: CommandOutcome): OperationError {
    return new OperationError(
      "io",
      `Cannot read the rules of ${this.name}: ${firstLine(outcome)}`,
      "Try the command by hand",
    );
  }

  /**
   * Changes rules.
   *
   * @param script input of iptables-restore
   * @returns why it was refused, as the program says it; undefined when it was done
   * @throws {OperationError} "privilege" when it is not permitted
   */
  async apply(script: string): Promise<string | undefined> {
    let outcome = await this.#restore(script);
    for (const file of LOCK_FILES) {
      if (outcome === undefined || !/lock file/.test(outcome.stderr)) break;
      this.#lock = { XTABLES_LOCKFILE: file };
      outcome = await this.#restore(script);
    }
    if (outcome === undefined) return "the program is gone";
    return outcome.code === 0 ? undefined : firstLine(outcome);
  }

  #restore(script: string): Promise<CommandOutcome | undefined> {
    return this.#call("restore", ["--noflush", `--wait=${LOCK_WAIT}`], script);
  }

  async #call(
    what: "save" | "restore" | undefined,
    args: readonly string[] = [],
    input?: string,
  ): Promise<CommandOutcome | undefined> {
    const command = `${this.family === 4 ? "iptables" : "ip6tables"}${what === undefined ? "" : `-${what}`}`;
    const argv = [IPTABLES_PROGRAMS[this.name], command, ...args];
    let outcome: CommandOutcome;
    try {
      outcome = await this.run(argv, { env: this.#lock, ...input === undefined ? {} : { input } });
    } catch (error) {
      if (error instanceof OperationError && error.code === "unavailable") return undefined;
      throw error;
    }
    // iptables-legacy-restore does not say why it cannot have the table.
    if (outcome.code !== 0 && /must be root|unable to initialize table/.test(outcome.stderr)) {
      throw new OperationError(
        "privilege",
        `Cannot ${what === "restore" ? "change" : "read"} the rules of ${this.name}: operation not permitted`,
        "Give the container CAP_NET_ADMIN, and CAP_NET_RAW too, which iptables-legacy needs",
      );
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
