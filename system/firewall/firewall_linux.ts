import { OperationError } from "../../core/error.ts";
import { desiredRules, type FirewallSpec } from "../../core/firewall/desired_rules.ts";
import { type FirewallRule, RuleSnapshot, type UnreadRule } from "../../core/firewall/rule.ts";
import { diffRules } from "../../core/firewall/rule_patch.ts";
import { readLegacyTables } from "../../ffi/libc/proc_linux.ts";
import { Nftables } from "../../ffi/netlink/nftables.ts";
import { type RunCommand, runCommand } from "../process/command.ts";
import { Iptables, IPTABLES_PROGRAMS, type IptablesName } from "./firewall_iptables.ts";

/** The table of Docker's own nftables firewall (Engine 29, `"firewall-backend": "nftables"`). */
const DOCKER_TABLE = "docker-bridges";

/** A repair is looked at again, and done again where another program came in between. */
const ATTEMPTS = 4;

const FAMILIES = [4, 6] as const;

/** What was found and done. */
export interface FirewallState {
  /** Whose chain has the rules, such as "iptables-nft"; several where several have it, none where none has. */
  readonly backends: readonly string[];
  /** How many rules of this program are active, and how many were put in and taken out now. */
  readonly rules: number;
  readonly inserted: number;
  readonly deleted: number;
  /** What keeps packets from passing, worded for people; undefined when nothing does. */
  readonly fault: OperationError | undefined;
  /** Whether Docker's firewall is nftables' own, which is then the fault. */
  readonly isNftables?: boolean;
  /** What could not be read beside this program's rules, which are in place; undefined when nothing. */
  readonly unread?: OperationError;
}

/** What a client needs of the firewall of the machine that runs Docker. */
export type Firewall = Pick<LinuxFirewall, "fingerprint" | "ensure" | "clear" | typeof Symbol.dispose>;

/** What one iptables and one family came to. */
interface Outcome extends Pick<FirewallState, "rules" | "inserted" | "deleted"> {
  readonly name: IptablesName;
  /** Whether there is such a program, and whether it has the chain. */
  readonly isThere: boolean;
  readonly hasChain: boolean;
  readonly fault?: OperationError;
  /** Rules that could not be read. */
  readonly unread?: readonly UnreadRule[];
}

/** What the kernel tells without a program. */
export interface FirewallKernel extends Disposable {
  /** The number of the nftables rule set's generation, if the kernel tells it. */
  generation(): number | undefined;
  /** Whether nftables has an IPv4 table of that name. */
  hasTable(name: string): boolean;
  /** The tables of iptables-legacy, empty when it has none. */
  legacyTables(family: 4 | 6): string;
}

/**
 * The firewall of the network namespace that the process is in: the rules are kept in every iptables that has the chain, of both
 * the nftables-based and the legacy one, because a packet has to pass both. Only rules with this program's tag are ever touched,
 * and faults are part of the state.
 */
export class LinuxFirewall implements Disposable {
  readonly #iptables: readonly Iptables[];
  /** Families of which no tagged rule is there: neither of this run nor of an earlier one. */
  readonly #clean = new Set<4 | 6>();
  /** Whether this run has wanted rules that redirect queries. */
  #hasRedirects = false;

  /** @param kernel closed with this */
  constructor(readonly kernel: FirewallKernel = openKernel(), run: RunCommand = runCommand) {
    this.#iptables = (["iptables-nft", "iptables-legacy"] as const).flatMap((name) =>
      FAMILIES.map((family) => new Iptables(run, name, family))
    );
  }

  /**
   * A text that differs from the last one when a rule may have changed, by anyone; costs next to nothing. Undefined where that
   * cannot be told without `ensure`: iptables-legacy tells of no changes.
   */
  fingerprint(): string | undefined {
    if (this.kernel.legacyTables(4) !== "" || this.kernel.legacyTables(6) !== "") return undefined;
    return this.kernel.generation()?.toString();
  }

  /**
   * Brings about the desired rules where the chain is, and takes every other tagged rule out. Families that are not desired are
   * looked at once only.
   */
  async ensure(desired: FirewallSpec): Promise<FirewallState> {
    this.#hasRedirects ||= desired.redirect !== undefined;
    const wanted = new Set(desired.sources.map(({ address }) => address.family));
    const unwanted = FAMILIES.filter((family) => !wanted.has(family));
    const { deleted } = await this.#takeOut(desired.chain, unwanted);
    for (const family of wanted) this.#clean.delete(family);
    const outcomes = await this.#settleAll(wanted, desired.chain, (family) => desiredRules(desired, family));
    const state = sum(outcomes);
    const isNftables = this.kernel.hasTable(DOCKER_TABLE);
    const fault = state.fault ?? (isNftables ? nftablesFault() : this.#faultOf(outcomes, desired.chain));
    return { ...state, deleted: state.deleted + deleted, fault, ...isNftables ? { isNftables } : {} };
  }

  /** Takes every tagged rule out that such a desired could have put in. */
  async clear(desired: FirewallSpec): Promise<FirewallState> {
    return await this.#takeOut(desired.chain, FAMILIES);
  }

  [Symbol.dispose](): void {
    this.kernel[Symbol.dispose]();
  }

  async #takeOut(chain: string, families: readonly (4 | 6)[]): Promise<FirewallState> {
    const dirty = new Set(families.filter((family) => !this.#clean.has(family)));
    const state = sum(await this.#settleAll(dirty, chain, () => []));
    if (state.fault === undefined) dirty.forEach((family) => this.#clean.add(family));
    return state;
  }

  async #settleAll(
    families: ReadonlySet<4 | 6>,
    chain: string,
    rulesFor: (family: 4 | 6) => FirewallRule[],
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const iptables of this.#iptables) {
      if (!families.has(iptables.family)) continue;
      outcomes.push(await this.#settle(iptables, chain, rulesFor(iptables.family)));
    }
    return outcomes;
  }

  async #settle(iptables: Iptables, chain: string, rules: readonly FirewallRule[]): Promise<Outcome> {
    const { name, family } = iptables;
    const outcome = { name, isThere: true, hasChain: false, rules: 0, inserted: 0, deleted: 0 };
    let refusal = "another program takes them out again";
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const saved = await this.#read(iptables, chain);
        if (saved === undefined) return { ...outcome, isThere: false };
        const hasChain = saved.hasChain("filter", chain);
        // Where nobody has a raw table nothing is dropped there, and one that was made would stay when the rules are taken out.
        const hasRaw = saved.hasTable("raw");
        const wanted = hasChain ? rules.filter(({ table }) => hasRaw || table !== "raw") : [];
        const { script, inserted, deleted } = diffRules(saved, wanted);
        if (script === "") return { ...outcome, hasChain, rules: wanted.length, unread: saved.unread };
        const refused = await iptables.apply(script);
        refusal = refused ?? refusal;
        if (refused !== undefined) continue;
        outcome.inserted += inserted;
        outcome.deleted += deleted;
      }
      throw new OperationError(
        "io",
        `Cannot keep the rules of ${name} for IPv${family}: ${refusal}`,
        "Try again by hand what the message names; the client goes on trying",
      );
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { ...outcome, fault: error };
    }
  }

  /** What the kernel does not have is not asked for: asking iptables-legacy for tables that nobody has used makes them. */
  async #read(iptables: Iptables, chain: string): Promise<RuleSnapshot | undefined> {
    const { name, family } = iptables;
    const isEmpty = name === "iptables-legacy"
      ? this.kernel.legacyTables(family) === ""
      : this.kernel.generation() === undefined;
    if (!isEmpty) {
      return await iptables.read([
        ["raw", "PREROUTING"],
        ["filter", chain],
        ["nat", "POSTROUTING"],
        ...this.#hasRedirects ? [["nat", "PREROUTING"], ["nat", "OUTPUT"]] as const : [],
      ]);
    }
    const isThere = await Deno.stat(IPTABLES_PROGRAMS[name]).then(({ isFile }) => isFile, () => false);
    return isThere ? new RuleSnapshot("") : undefined;
  }

  #faultOf(outcomes: readonly Outcome[], chain: string): OperationError | undefined {
    if (outcomes.some(({ hasChain }) => hasChain)) return undefined;
    const absent = outcomes.filter(({ isThere }) => !isThere).map(({ name }) => name);
    const areAllAbsent = absent.length === outcomes.length;
    const isLegacyHidden = absent.includes("iptables-legacy") && this.kernel.legacyTables(4) !== "";
    if (!areAllAbsent && !isLegacyHidden) return undefined;
    return new OperationError(
      "unavailable",
      `Cannot look for chain ${chain}: there is no ${areAllAbsent ? "iptables" : "iptables-legacy"}`,
      "Install the package iptables beside the client, unless nothing here filters what Docker forwards",
    );
  }
}

function nftablesFault(): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot open Docker's firewall: it is nftables' own (table ip ${DOCKER_TABLE}), whose drops no rule elsewhere overrides`,
    'Set "firewall-backend": "iptables" in the Engine\'s daemon.json, or create the networks with ' +
      "-o com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected",
  );
}

function sum(outcomes: readonly Outcome[]): FirewallState {
  const total = (field: "rules" | "inserted" | "deleted") =>
    outcomes.reduce((count, outcome) => count + outcome[field], 0);
  return {
    backends: [...new Set(outcomes.filter(({ hasChain }) => hasChain).map(({ name }) => name))],
    rules: total("rules"),
    inserted: total("inserted"),
    deleted: total("deleted"),
    fault: outcomes.find(({ fault }) => fault !== undefined)?.fault,
    ...unreadOf(outcomes),
  };
}

function unreadOf(outcomes: readonly Outcome[]): Pick<FirewallState, "unread"> {
  const found = outcomes.flatMap(({ name, unread = [] }) =>
    unread.map(({ table, chain, number }) => `rule ${number} of chain ${chain} in table ${table} of ${name}`)
  );
  if (found.length === 0) return {};
  const unread = new OperationError(
    "io",
    `Cannot read ${found[0]}${
      found.length === 1 ? "" : ` and ${found.length - 1} more`
    }: its extension is not installed beside the client`,
    "Put that rule into a chain of its own, and jump to it from there",
  );
  return { unread };
}

function openKernel(): FirewallKernel {
  const nftables = Nftables.open();
  return {
    generation: () => nftables?.generation(),
    hasTable: (name) => nftables?.hasTable(name) ?? false,
    legacyTables: readLegacyTables,
    [Symbol.dispose]: () => nftables?.[Symbol.dispose](),
  };
}
