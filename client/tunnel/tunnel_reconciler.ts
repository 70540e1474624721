/**
 * Keeps the client's interface up, and the virtual networks routed to it, whatever other programs of the machine do.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import { OperationError } from "../../core/error.ts";
import { type Clock, soonest } from "../../core/async/clock.ts";
import { nextAddress } from "../../core/net/address.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { FlapDamper } from "../../core/routing/flap_damper.ts";
import { InterfaceReconciler } from "../../system/interface/interface_reconciler.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";

const log = getLogger("route");

/** What a {@linkcode TunnelReconciler} works with. */
export interface TunnelReconcilerDeps {
  readonly router: Pick<Router, "hasDrifted" | "repairInterface" | "listMissing" | "addRoutes">;
  /** The interface with its IPv4 addresses. */
  readonly base: InterfaceSettings;
  /** The virtual networks of this moment, each with the address on this side. */
  readonly networks: () => readonly Prefix[];
  readonly clock?: Clock;
}

/** Repairs the interface and its routes at each call. */
export class TunnelReconciler {
  readonly #deps: TunnelReconcilerDeps;
  readonly #reconciler: InterfaceReconciler;
  readonly #damper = new FlapDamper();
  readonly #said = new LogOnChange();
  readonly #clock: Clock;
  #fault: string | undefined;

  constructor(deps: TunnelReconcilerDeps) {
    const { router, base, clock = SYSTEM_CLOCK } = deps;
    this.#deps = deps;
    this.#clock = clock;
    this.#reconciler = new InterfaceReconciler({
      router,
      wanted: () => {
        const addr6 = deps.networks().find(({ address }) => address.family === 6)?.address;
        return addr6 === undefined ? base : { ...base, address6: addr6, peer6: nextAddress(addr6) };
      },
      onRepaired: () => log.info("interface repaired", { interface: base.name }),
      now: () => clock.now(),
    });
  }

  /** What is not as it should be; undefined when nothing is. */
  get fault(): string | undefined {
    return this.#reconciler.fault ?? this.#fault;
  }

  /**
   * Repairs once. What cannot be repaired is logged once and shown as the fault.
   *
   * @returns the milliseconds until the next call; undefined where nothing waits
   */
  async reconcile(): Promise<number | undefined> {
    const now = this.#clock.now();
    try {
      await this.#reconciler.repair();
      this.#fault = await this.#repairRoutes(now);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#fault = error.report;
    }
    if (this.fault === undefined) this.#said.clear("fault");
    else if (this.#said.changed("fault", this.fault)) log.warn(this.fault);
    return soonest(this.#reconciler.nextRepair, this.#damper.nextDeadline(now));
  }

  async #repairRoutes(now: number): Promise<string | undefined> {
    const { router, base, networks } = this.#deps;
    const wanted = networks().map(maskPrefix);
    const missing = await router.listMissing(wanted, base.name);
    for (const prefix of missing) this.#damper.down(formatPrefix(prefix), now);
    const due = missing.filter((prefix) => this.#damper.mayRestore(formatPrefix(prefix), now));
    const failures = due.length === 0 ? [] : await router.addRoutes(due, base.name);
    const failed = new Set(failures.map(({ prefix }) => formatPrefix(prefix)));
    const restored = due.map(formatPrefix).filter((key) => !failed.has(key));
    for (const key of restored) this.#damper.up(key, now);
    if (restored.length > 0) log.info("routes restored", { routes: restored.join(" ") });
    const contested = wanted.map(formatPrefix).find((key) => this.#damper.isFlapping(key, now));
    return failures[0]?.error.report ??
      (contested === undefined
        ? undefined
        : `Cannot keep ${contested} routed to ${base.name}: another program takes the route away again and again. ` +
          "Find that program; the route is put back with pauses of up to 30 s");
  }
}
