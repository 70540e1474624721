/**
 * Keeps Docker's firewall open for the tunnel while the client runs: a quick check each second at what costs nothing, a repair when
 * something has changed, and no rule left at the end.
 *
 * The kernel numbers the generations of the nftables rule set, so no program is run as long as the number stays. Of
 * iptables-legacy it tells nothing; where that has tables, its rules are read every two seconds.
 *
 * @module
 */

import { asOperationError } from "../../core/error.ts";
import type { ContainerBridge, FirewallSpec } from "../../core/firewall/desired_rules.ts";
import { formatAddress } from "../../core/net/address.ts";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import type { FirewallFacts } from "../../core/protocol/description.ts";
import type { Firewall, FirewallState } from "../../system/firewall/firewall.ts";
import type { NetworkPair } from "./bridge_pairs.ts";
import { findBridges, type FoundPair } from "./find_bridges.ts";
import { FirewallLog } from "./firewall_log.ts";
import type { FirewallStatus } from "../status/status_document.ts";

/** When the reconciler looks; all in milliseconds. */
export interface PollIntervals {
  /** Between two quick checks, which cost nothing. */
  readonly quick: number;
  /** Between two looks at the rules themselves where nothing tells of changes, and after a fault. */
  readonly rules: number;
  /** Between two looks at the rules where something does, in case it is wrong. */
  readonly full: number;
}

const PACE: PollIntervals = { quick: 1_000, rules: 2_000, full: 30_000 };

/** What the reconciler works with. */
export interface FirewallReconcilerOptions {
  /** Closed with the reconciler. */
  readonly firewall: Firewall;
  /** The bridges there are now. */
  readonly bridges: () => ContainerBridge[];
  /** The pairs that are wanted now. */
  readonly pairs: () => readonly NetworkPair[];
  readonly interfaceName: string;
  readonly chain: string;
  /** The virtual networks there are now, at most one of each family. */
  readonly sources: () => readonly Prefix[];
  /** Called after each quick check; must not throw. */
  readonly onQuickCheck?: () => void;
  readonly pace?: PollIntervals;
}

const NOTHING: FirewallState = { backends: [], rules: 0, inserted: 0, deleted: 0, fault: undefined };

/** The loop that keeps the rules. */
export class FirewallReconciler implements AsyncDisposable {
  readonly #settings: FirewallReconcilerOptions;
  readonly #pace: PollIntervals;
  readonly #log: FirewallLog;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #queue = new SerialQueue((error) => this.#fail(error));
  #state = NOTHING;
  #found: readonly FoundPair[] = [];
  /** What the last look was based on. */
  #basis: string | undefined;
  #nextLook = 0;

  constructor(settings: FirewallReconcilerOptions) {
    this.#settings = settings;
    this.#pace = settings.pace ?? PACE;
    this.#log = new FirewallLog(settings.chain);
  }

  /** What `status` shows. */
  get status(): FirewallStatus {
    const { backends, rules, fault } = this.#state;
    const isOpen = backends.length > 0;
    return {
      backend: isOpen ? backends.join(", ") : null,
      rules,
      pairs: this.#found.map(({ pair: { a, b }, bridges }) => ({
        a: formatAddress(a),
        b: formatAddress(b),
        state: isOpen && bridges !== undefined ? "connected" : "waiting",
      })),
      ...fault === undefined ? {} : { fault: fault.report },
    };
  }

  /** What the server is told. */
  get facts(): FirewallFacts {
    const { backends, rules, fault, isNftables } = this.#state;
    const isOpen = backends.length > 0;
    return {
      state: isNftables ? "nftables" : fault !== undefined ? "fault" : isOpen ? "open" : "waiting",
      backend: isOpen ? backends.join(", ") : null,
      rules,
      ...fault === undefined ? {} : { fault: fault.report },
    };
  }

  /** Looks now, at the start or because what is wanted has changed, and goes on by itself. */
  wake(): void {
    clearTimeout(this.#timer);
    this.#queue.start(() => this.#quickCheck());
  }

  /** Stops, and takes the rules out. */
  async [Symbol.asyncDispose](): Promise<void> {
    const working = this.#queue.close();
    clearTimeout(this.#timer);
    await working;
    using firewall = this.#settings.firewall;
    const { fault } = await firewall.clear(this.#desired([]));
    if (fault !== undefined) this.#log.leftBehind(fault);
  }

  async #quickCheck(): Promise<void> {
    try {
      await this.#lookIfDue();
    } catch (error) {
      this.#fail(error);
    }
    clearTimeout(this.#timer);
    if (!this.#queue.isClosed) this.#timer = setTimeout(() => this.wake(), this.#pace.quick);
    this.#settings.onQuickCheck?.();
  }

  /** The tunnel goes on: containers may be reachable without this program's rules. */
  #fail(error: unknown): void {
    const fault = asOperationError(error, "Cannot look after the firewall");
    this.#take({ ...this.#state, inserted: 0, deleted: 0, fault });
    this.#nextLook = performance.now() + this.#pace.rules;
  }

  async #lookIfDue(): Promise<void> {
    const { firewall, bridges, pairs } = this.#settings;
    const wanted = pairs();
    // Without pairs the bridges do not matter.
    const found = wanted.length === 0 ? [] : findBridges(wanted, bridges());
    const desired = this.#desired(found.flatMap((each) => each.bridges === undefined ? [] : [each.bridges]));
    const fingerprint = firewall.fingerprint();
    const texts = [...desired.sources.map(formatPrefix), ...desired.pairs.flat().map(bridgeText)];
    const basis = `${fingerprint} ${texts.join(" ")}`;
    const isDue = basis !== this.#basis || performance.now() >= this.#nextLook;
    const state = isDue ? await firewall.ensure(desired) : { ...this.#state, inserted: 0, deleted: 0 };
    // A pair counts as connected once its rules are there.
    this.#found = found;
    this.#take(state);
    if (!isDue) return;
    this.#basis = basis;
    const isBlind = fingerprint === undefined || state.fault !== undefined;
    this.#nextLook = performance.now() + (isBlind ? this.#pace.rules : this.#pace.full);
  }

  #take(state: FirewallState): void {
    this.#state = state;
    this.#log.tell(state, this.#found);
  }

  #desired(pairs: FirewallSpec["pairs"]): FirewallSpec {
    const { interfaceName, chain, sources } = this.#settings;
    return { interfaceName, chain, sources: sources(), pairs };
  }
}

function bridgeText({ name, subnets }: ContainerBridge): string {
  return [name, ...subnets.map(formatPrefix)].join(",");
}
