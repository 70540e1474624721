/**
 * Keeps Docker's firewall open for the tunnel while the client runs: a quick check each second at what costs nothing, a repair when
 * something has changed, and no rule left at the end.
 *
 * The kernel numbers the generations of the nftables rule set, so no program is run as long as the number stays. Of
 * iptables-legacy it tells nothing; where that has tables, its rules are read every two seconds.
 *
 * @module
 */
import type { Clock } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { asOperationError } from "../../core/error.ts";
import type { ContainerBridge, DirectPeer, FirewallSpec } from "../../core/firewall/desired_rules.ts";
import { type HttpsRedirect, httpsText } from "../../core/firewall/https_redirect.ts";
import type { DnsRedirect } from "../../core/firewall/dns_redirect.ts";
import { formatAddress } from "../../core/net/address.ts";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { formatPrefix, type Prefix } from "../../core/net/prefix.ts";
import type { FirewallFacts } from "../../core/protocol/description.ts";
import type { Firewall, FirewallState } from "../../system/firewall/firewall_linux.ts";
import { problemStatus } from "../../program/status.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { findBridges, type FoundPair, type NetworkPair } from "./bridge_pairs.ts";
import { FirewallLog } from "./firewall_log.ts";
import type { FirewallStatus } from "../status/status_document.ts";

/** Milliseconds between two quick checks, which cost nothing. */
const QUICK_CHECK_MS = 1_000;
/** Milliseconds between two looks at the rules themselves where nothing tells of changes, and after a fault. */
const BLIND_LOOK_MS = 2_000;
/** Milliseconds between two looks at the rules where something does, in case it is wrong. */
const FULL_LOOK_MS = 30_000;

export interface FirewallReconcilerOptions {
  /** Closed with the reconciler. */
  readonly firewall: Firewall;
  readonly bridges: () => ContainerBridge[];
  readonly pairs: () => readonly NetworkPair[];
  readonly interfaceName: string;
  readonly chain: string;
  /** The virtual networks there are now, at most one of each family. */
  readonly sources: () => readonly Prefix[];
  /** Desktops on links, and what they see; none where absent. */
  readonly direct?: () => Pick<FirewallSpec, "direct" | "fixedSource">;
  /** Queries for names that this machine answers; none where absent. */
  readonly redirect?: () => DnsRedirect | undefined;
  /** Containers whose HTTPS this machine answers; none where absent. */
  readonly https?: () => readonly HttpsRedirect[];
  /** Called after each quick check; must not throw. */
  readonly onQuickCheck?: () => void;
  readonly clock?: Clock;
}

export class FirewallReconciler implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: FirewallLog;
  readonly #queue = new SerialQueue((error) => this.#fail(error));
  #timer: Disposable | undefined;
  #state: FirewallState = { backends: [], rules: 0, inserted: 0, deleted: 0, fault: undefined };
  #found: readonly FoundPair[] = [];
  /** What the last look was based on. */
  #basis: string | undefined;
  #nextLook = 0;
  /** The desktops on links that the rules of the last look let pass. */
  #passing: readonly DirectPeer[] = [];
  /** Rules for a desktop on a link that this machine refused: they must not keep the others out. */
  #refused: string | undefined;
  /** The redirection of queries that this machine refused, and why; it is tried again with each full look. */
  #refusedRedirect: { readonly text: string; readonly fault: string; readonly until: number } | undefined;

  constructor(readonly settings: FirewallReconcilerOptions) {
    this.#clock = settings.clock ?? SYSTEM_CLOCK;
    this.#log = new FirewallLog(settings.chain);
  }

  /** What `status` shows. */
  get status(): FirewallStatus {
    const pairs = this.#found.map(({ pair: { a, b }, bridges }) => ({
      a: formatAddress(a),
      b: formatAddress(b),
      state: this.#isOpen && bridges !== undefined ? "connected" as const : "waiting" as const,
    }));
    return { ...this.facts, pairs };
  }

  /** What the server is told. */
  get facts(): FirewallFacts {
    const { fault, isNftables } = this.#state;
    const state = isNftables ? "nftables" : fault !== undefined ? "fault" : this.#isOpen ? "open" : "waiting";
    return { state, ...this.#rules };
  }

  /** The part that both have. */
  get #rules() {
    const { backends, rules, fault, unread } = this.#state;
    const backend = this.#isOpen ? backends.join(", ") : null;
    return { backend, rules, ...problemStatus(fault ?? unread) };
  }

  /** Whether nothing of the firewall that this program may change stands against a desktop on a link. */
  lets(peer: DirectPeer): boolean {
    return this.#passing.some((each) => directText(each) === directText(peer));
  }

  /** Why queries are not redirected although they should be; undefined when nothing stands against it. */
  get redirectFault(): string | undefined {
    return this.#refusedRedirect?.fault;
  }

  get #isOpen(): boolean {
    return this.#state.backends.length > 0;
  }

  /** Looks now, at the start or because what is wanted has changed, and goes on by itself. */
  wake(): void {
    this.#timer?.[Symbol.dispose]();
    this.#queue.start(() => this.#quickCheck());
  }

  /** Stops, and takes the rules out. */
  async [Symbol.asyncDispose](): Promise<void> {
    const working = this.#queue.close();
    this.#timer?.[Symbol.dispose]();
    await working;
    using firewall = this.settings.firewall;
    const { fault } = await firewall.clear(this.#desired([]));
    if (fault !== undefined) this.#log.leftBehind(fault);
  }

  async #quickCheck(): Promise<void> {
    try {
      await this.#lookIfDue();
    } catch (error) {
      this.#fail(error);
    }
    this.#timer?.[Symbol.dispose]();
    if (!this.#queue.isClosed) this.#timer = this.#clock.after(QUICK_CHECK_MS, () => this.wake());
    this.settings.onQuickCheck?.();
  }

  /** The tunnel goes on: containers may be reachable without this program's rules. */
  #fail(error: unknown): void {
    const fault = asOperationError(error, "Cannot look after the firewall");
    this.#take({ ...this.#state, inserted: 0, deleted: 0, fault });
    this.#nextLook = this.#clock.now() + BLIND_LOOK_MS;
  }

  async #lookIfDue(): Promise<void> {
    const { firewall, bridges, pairs } = this.settings;
    const wanted = pairs();
    // Without pairs the bridges do not matter.
    const found = wanted.length === 0 ? [] : findBridges(wanted, bridges());
    const desired = this.#desired(found.flatMap((each) => each.bridges === undefined ? [] : [each.bridges]));
    const fingerprint = firewall.fingerprint();
    const { direct = [], fixedSource, redirect, https = [] } = desired;
    const texts = [
      ...desired.sources.map(formatPrefix),
      ...desired.pairs.flat().map(bridgeText),
      ...direct.map(directText),
      String(fixedSource !== undefined),
      redirectText(redirect),
      ...https.map(httpsText),
    ];
    const basis = `${fingerprint} ${texts.join(" ")}`;
    const isDue = basis !== this.#basis || this.#clock.now() >= this.#nextLook;
    const state = isDue ? await this.#ensure(desired) : { ...this.#state, inserted: 0, deleted: 0 };
    // A pair counts as connected once its rules are there.
    this.#found = found;
    this.#take(state);
    if (!isDue) return;
    this.#basis = basis;
    const isBlind = fingerprint === undefined || state.fault !== undefined;
    this.#nextLook = this.#clock.now() + (isBlind ? BLIND_LOOK_MS : FULL_LOOK_MS);
  }

  /** Brings the rules about, those that redirect queries only where they are not what fails: not every kernel has their match. */
  async #ensure(desired: FirewallSpec): Promise<FirewallState> {
    const { redirect, ...others } = desired;
    const text = redirectText(redirect);
    const isRefused = this.#refusedRedirect?.text === text && this.#clock.now() < this.#refusedRedirect.until;
    if (redirect === undefined || !isRefused) {
      const refusedBefore = this.#refused;
      const state = await this.#ensureDirect(desired);
      const { fault } = state;
      if (redirect === undefined || fault === undefined || state.isNftables === true) {
        this.#refusedRedirect = undefined;
        return state;
      }
      // The rules for desktops on links were not to blame.
      this.#refused = refusedBefore;
      const without = await this.#ensureDirect(others);
      if (without.fault !== undefined) return without;
      this.#refusedRedirect = { text, fault: fault.report, until: this.#clock.now() + FULL_LOOK_MS };
      this.#log.redirectRefused(fault);
      return without;
    }
    return await this.#ensureDirect(others);
  }

  /** Brings the rules about, those for desktops on links only where they are not what fails. */
  async #ensureDirect(desired: FirewallSpec): Promise<FirewallState> {
    const { firewall } = this.settings;
    const { direct = [], fixedSource, ...others } = desired;
    this.#passing = [];
    if (direct.length === 0 && fixedSource === undefined) return await firewall.ensure(desired);
    const wanted = direct.map(directText).join(" ");
    if (wanted !== this.#refused) {
      const state = await firewall.ensure(desired);
      if (state.fault === undefined || state.isNftables === true) {
        this.#passing = direct;
        return state;
      }
      this.#refused = wanted;
    }
    return await firewall.ensure(others);
  }

  #take(state: FirewallState): void {
    this.#state = state;
    this.#log.tell(state, this.#found);
  }

  #desired(pairs: FirewallSpec["pairs"]): FirewallSpec {
    const { interfaceName, chain, sources, direct } = this.settings;
    const redirect = this.settings.redirect?.();
    return {
      interfaceName,
      chain,
      sources: sources(),
      pairs,
      ...direct?.(),
      ...redirect === undefined ? {} : { redirect },
      https: this.settings.https?.() ?? [],
    };
  }
}

function redirectText(redirect: DnsRedirect | undefined): string {
  return redirect === undefined
    ? ""
    : [...redirect.domains, ...redirect.servers.map(formatEndpoint)].join(" ");
}

function directText({ interfaceName, source, mac }: DirectPeer): string {
  return `${interfaceName} ${formatAddress(source)} ${mac}`;
}

function bridgeText({ name, subnets }: ContainerBridge): string {
  return [name, ...subnets.map(formatPrefix)].join(",");
}
