import { getLogger, LogOnChange } from "../../program/log.ts";
import { OperationError, type Problem, reportOf } from "../../core/error.ts";
import { type Clock, soonest } from "../../core/async/clock.ts";
import { formatPrefix, maskPrefix, type Prefix } from "../../core/net/prefix.ts";
import { FlapDamper } from "../../core/routing/flap_damper.ts";
import { InterfaceReconciler } from "../../system/interface/interface_reconciler.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";

const log = getLogger("route");

export interface TunnelReconcilerDeps {
  readonly router: Pick<Router, "hasDrifted" | "repairInterface" | "listMissing" | "addRoutes">;
  /** The interface as it is to be at this moment. */
  readonly wanted: () => InterfaceSettings;
  /** The virtual networks of this moment, each with the address on this side. */
  readonly networks: () => readonly Prefix[];
  readonly clock?: Clock;
}

/** Keeps the client's interface up, and the virtual networks routed to it, whatever other programs of the machine do. */
export class TunnelReconciler {
  readonly #reconciler: InterfaceReconciler;
  readonly #damper = new FlapDamper();
  readonly #said = new LogOnChange();
  readonly #clock: Clock;
  #fault: Problem | undefined;

  constructor(readonly deps: TunnelReconcilerDeps) {
    const { router, wanted, clock = SYSTEM_CLOCK } = deps;
    this.#clock = clock;
    this.#reconciler = new InterfaceReconciler({
      router,
      wanted,
      onRepaired: () => log.info("interface repaired", { interface: wanted().name }),
      now: () => clock.now(),
    });
  }

  /** What is not as it should be; undefined when nothing is. */
  get fault(): Problem | undefined {
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
      this.#fault = error;
    }
    if (this.fault === undefined) this.#said.clear("fault");
    else if (this.#said.changed("fault", reportOf(this.fault))) log.warn(reportOf(this.fault));
    return soonest(this.#reconciler.nextRepair, this.#damper.nextDeadline(now));
  }

  async #repairRoutes(now: number): Promise<Problem | undefined> {
    const { router, wanted } = this.deps;
    const { name } = wanted();
    const networks = this.deps.networks().map(maskPrefix);
    const missing = await router.listMissing(networks, name);
    for (const prefix of missing) this.#damper.down(formatPrefix(prefix), now);
    const due = missing.filter((prefix) => this.#damper.mayRestore(formatPrefix(prefix), now));
    const failures = due.length === 0 ? [] : await router.addRoutes(due, name);
    const failed = failures.map(({ prefix }) => formatPrefix(prefix));
    const restored = due.map(formatPrefix).filter((key) => !failed.includes(key));
    for (const key of restored) this.#damper.up(key, now);
    if (restored.length > 0) log.info("routes restored", { routes: restored.join(" ") });
    const contested = networks.map(formatPrefix).find((key) => this.#damper.isFlapping(key, now));
    if (failures[0] !== undefined) return failures[0].error;
    return contested === undefined ? undefined : {
      message:
        `Cannot keep ${contested} routed to ${name}: another program takes the route away again and again`,
      remedy: "Find that program; the route is put back with pauses of up to 30 s",
    };
  }
}
