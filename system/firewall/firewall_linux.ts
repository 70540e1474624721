/**
 * Docker's firewall on Linux: the rules are kept in every iptables that has the chain, of both the nftables-based and the
 * legacy one, because a packet has to pass both.
 *
 * @module
 */

import { OperationError } from "../../core/error.ts";
import { diffRules } from "../../core/firewall/rule_patch.ts";
import type { FirewallRule } from "../../core/firewall/rule.ts";
import { RuleSnapshot } from "../../core/firewall/rule_snapshot.ts";
import { desiredRules, type FirewallSpec } from "../../core/firewall/desired_rules.ts";
import { Nftables } from "../../ffi/netlink/nftables.ts";
import { readLegacyTables } from "../../ffi/libc/sysctl_linux.ts";
import { type RunCommand, runCommand } from "../process/command.ts";
import type { Firewall, FirewallState } from "./firewall.ts";
import { Iptables, IPTABLES_PROGRAMS, type IptablesName } from "./firewall_iptables.ts";

/** The table of Docker's own nftables firewall (Engine 29, `"firewall-backend": "nftables"`). */
const DOCKER_TABLE = "docker-bridges";

/** A repair is looked at again, and done again where another program came in between. */
const ATTEMPTS = 4;

const FAMILIES = [4, 6] as const;

/** What one iptables and one family came to. */
interface Outcome {
  readonly name: IptablesName;
  /** Whether there is such a program. */
  readonly isThere: boolean;
  /** Whether it has the chain. */
  readonly hasChain: boolean;
  readonly rules: number;
  readonly inserted: number;
  readonly deleted: number;
  readonly fault?: OperationError;
}

/** What the kernel tells without a program; see the modules that implement it. */
export interface FirewallKernel extends Disposable {
  /** The number of the nftables rule set's generation, if the kernel tells it. */
  generation(): number | undefined;
  /** Whether nftables has an IPv4 table of that name. */
  hasTable(name: string): boolean;
  /** The tables of iptables-legacy, empty when it has none. */
  legacyTables(family: 4 | 6): string;
}

/** The firewall of the network namespace that the process is in. */
export class LinuxFirewall implements Firewall {
  readonly #iptables: readonly Iptables[];
  /** Families of which no tagged rule is there: neither of this run nor of an earlier one. */
  readonly #clean = new Set<4 | 6>();

  /**
   * @param kernel closed with this
   * @param run runs programs
   */
  constructor(readonly kernel: FirewallKernel = openKernel(), run: RunCommand = runCommand) {
    const names = ["iptables-nft", "iptables-legacy"] as const;
    this.#iptables = names.flatMap((name) =>
      ([4, 6] as const).map((family) => new Iptables(run, name, family))
    );
  }

  /** See `Firewall`. iptables-legacy tells of no changes. */
  fingerprint(): string | undefined {
    if (this.kernel.legacyTables(4) !== "" || this.kernel.legacyTables(6) !== "") return undefined;
    return this.kernel.generation()?.toString();
  }

  /** See `Firewall`. Families that are not desired are looked at once only. */
  async ensure(desired: FirewallSpec): Promise<FirewallState> {
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

  /** See `Firewall`. */
  async clear(desired: FirewallSpec): Promise<FirewallState> {
    return await this.#takeOut(desired.chain, FAMILIES);
  }

  /** Closes what it asks the kernel with. */
  [Symbol.dispose](): void {
    this.kernel[Symbol.dispose]();
  }

  async #takeOut(chain: string, families: readonly (4 | 6)[]): Promise<FirewallState> {
    const dirty = new Set(families.filter((family) => !this.#clean.has(family)));
    const state = sum(await this.#settleAll(dirty, chain, () => []));
    if (state.fault === undefined) { for (const family of dirty) this.#clean.add(family); }
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
    let inserted = 0;
    let deleted = 0;
    let refusal = "another program takes them out again";
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const saved = await this.#read(iptables, chain);
        if (saved === undefined) {
          return { name, isThere: false, hasChain: false, rules: 0, inserted, deleted };
        }
        const hasChain = saved.hasChain("filter", chain);
        // Where nobody has a raw table nothing is dropped there, and one that was made would stay when the rules are taken out.
        const hasRaw = saved.hasTable("raw");
        const wanted = hasChain ? rules.filter(({ table }) => hasRaw || table !== "raw") : [];
        const repair = diffRules(saved, wanted);
        if (repair.script === "") {
          return { name, isThere: true, hasChain, rules: wanted.length, inserted, deleted };
        }
        const refused = await iptables.apply(repair.script);
        if (refused !== undefined) refusal = refused;
        else {
          inserted += repair.inserted;
          deleted += repair.deleted;
        }
      }
      throw new OperationError(
        "io",
        `Cannot keep the rules of ${name} for IPv${family}: ${refusal}`,
        "Try again by hand what the message names; the client goes on trying",
      );
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { name, isThere: true, hasChain: false, rules: 0, inserted, deleted, fault: error };
    }
  }

  /** What the kernel does not have is not asked for: asking iptables-legacy for tables that nobody has used makes them. */
  async #read(iptables: Iptables, chain: string): Promise<RuleSnapshot | undefined> {
    const isEmpty = iptables.name === "iptables-legacy"
      ? this.kernel.legacyTables(iptables.family) === ""
      : this.kernel.generation() === undefined;
    if (isEmpty) {
      return await isFile(IPTABLES_PROGRAMS[iptables.name]) ? new RuleSnapshot("") : undefined;
    }
    return await iptables.read([["raw", "PREROUTING"], ["filter", chain], ["nat", "POSTROUTING"]]);
  }

  #faultOf(outcomes: readonly Outcome[], chain: string): OperationError | undefined {
    if (outcomes.some(({ hasChain }) => hasChain)) return undefined;
    const absent = outcomes.filter(({ isThere }) => !isThere).map(({ name }) => name);
    const isLegacyHidden = absent.includes("iptables-legacy") && this.kernel.legacyTables(4) !== "";
    if (absent.length < outcomes.length && !isLegacyHidden) return undefined;
    return new OperationError(
      "unavailable",
      `Cannot look for chain ${chain}: there is no ${
        absent.length < outcomes.length ? "iptables-legacy" : "iptables"
      }`,
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
  };
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
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
