/**
 * Keeps the client's interface up, and the virtual networks routed to it, whatever other programs of the machine do.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { OnceEach } from "../../program/log_on_change.ts";
import { OperationError } from "../../core/error.ts";
import { nextAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { Restorations } from "../../core/routing/flap_damper.ts";
import { InterfaceKeeper } from "../../system/interface/interface_reconciler.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";

const log = getLogger("route");

/** What the keeper works with. */
export interface TunnelKeeperSettings {
  readonly router: Pick<Router, "lacksSettings" | "repairInterface" | "listMissing" | "addRoutes">;
  /** The interface with its IPv4 addresses. */
  readonly base: InterfaceSettings;
  /** The virtual networks that are in force now, each with the address on this side. */
  readonly networks: () => readonly Prefix[];
  /** Milliseconds on a steady scale. */
  readonly now?: () => number;
}

/** Puts interface and routes right, each time it is asked to. */
export class TunnelKeeper {
  readonly #settings: TunnelKeeperSettings;
  readonly #keeper: InterfaceKeeper;
  readonly #restorations = new Restorations();
  readonly #said = new OnceEach();
  readonly #now: () => number;
  #fault: string | undefined;

  constructor(settings: TunnelKeeperSettings) {
    const { router, base, now = () => performance.now() } = settings;
    this.#settings = settings;
    this.#now = now;
    this.#keeper = new InterfaceKeeper({
      router,
      wanted: () => {
        const addr6 = settings.networks().find(({ address }) => address.family === 6)?.address;
        return addr6 === undefined ? base : { ...base, address6: addr6, peer6: nextAddress(addr6) };
      },
      onRepaired: () => log.info("interface put right again", { interface: base.name }),
      now,
    });
  }

  /** What is not as it should be; undefined when nothing is. */
  get fault(): string | undefined {
    return this.#keeper.fault ?? this.#fault;
  }

  /**
   * Looks once. What cannot be put right is logged once and shown as the fault.
   *
   * @returns the milliseconds after which to come back; undefined where nothing waits
   */
  async reconcile(): Promise<number | undefined> {
    const now = this.#now();
    try {
      await this.#keeper.repair();
      this.#fault = await this.#repairRoutes(now);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#fault = error.report;
    }
    if (this.fault === undefined) this.#said.settle("fault");
    else if (this.#said.isNews("fault", this.fault)) log.warn(this.fault);
    const times = [this.#keeper.nextRepair, this.#restorations.nextDue(now)]
      .filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async #repairRoutes(now: number): Promise<string | undefined> {
    const { router, base, networks } = this.#settings;
    const wanted = networks().map(maskPrefix);
    const missing = await router.listMissing(wanted, base.name);
    for (const prefix of missing) this.#restorations.lost(formatPrefix(prefix), now);
    const due = missing.filter((prefix) => this.#restorations.isDue(formatPrefix(prefix), now));
    const failures = due.length === 0 ? [] : await router.addRoutes(due, base.name);
    const failed = new Set(failures.map(({ prefix }) => formatPrefix(prefix)));
    const restored = due.map(formatPrefix).filter((key) => !failed.has(key));
    for (const key of restored) this.#restorations.restored(key, now);
    if (restored.length > 0) log.info("lost routes put back", { routes: restored.join(" ") });
    const contested = wanted.map(formatPrefix).find((key) => this.#restorations.isContested(key, now));
    return failures[0]?.error.report ??
      (contested === undefined
        ? undefined
        : `Cannot keep ${contested} routed to ${base.name}: another program takes the route away again and again. ` +
          "Find that program; the route is put back with pauses of up to 30 s");
  }
}
