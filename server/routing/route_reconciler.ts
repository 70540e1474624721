/**
 * Puts back what a VPN, a sleep or another program took from the server's interface and routes.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { InterfaceReconciler } from "../../system/interface/interface_reconciler.ts";
import { ReconcileLoop } from "../../system/routing/reconcile_loop.ts";
import { platformRouteWatch } from "../../system/routing/route_watch.ts";
import type { InterfaceSettings, Router } from "../../system/routing/router.ts";
import type { RouteController } from "./route_controller.ts";

const log = getLogger("route");

/** Looks at interface and routes whenever the system tells of a change, and every half minute. */
export class RouteReconciler implements AsyncDisposable {
  readonly #reconciler: InterfaceReconciler;
  readonly #loop: ReconcileLoop;

  private constructor(reconciler: InterfaceReconciler, loop: ReconcileLoop) {
    this.#reconciler = reconciler;
    this.#loop = loop;
  }

  /** Starts; the interface has its settings and the routeController its routes already. */
  static async start(
    router: Router,
    settings: InterfaceSettings,
    routeController: RouteController,
  ): Promise<RouteReconciler> {
    const reconciler = new InterfaceReconciler({
      router,
      wanted: () => settings,
      onRepaired: () => log.info("interface put right again", { interface: settings.name }),
    });
    const loop = new ReconcileLoop({
      work: () => routeController.reconcile(reconciler),
      watch: await platformRouteWatch(),
    });
    return new RouteReconciler(reconciler, loop);
  }

  /** Why the interface is not as it should be. */
  get fault(): string | undefined {
    return this.#reconciler.fault;
  }

  /** Ends the looking; routes stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}
