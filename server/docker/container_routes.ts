/**
 * The routes into the tunnel: what is wanted, and what became of each.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import type { DesiredRoute } from "../../core/routing/desired_routes.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import { ManagedRoutes, type RouteState } from "../../system/routing/managed_routes.ts";
import type { Router } from "../../system/routing/router.ts";
import type { RouteStatus } from "../status/status_document.ts";

const log = getLogger("route");

/** Keeps the routes and knows who asked for each. Calls that return a promise have to end before the next. */
export class ContainerRoutes {
  readonly #kept: ManagedRoutes;
  #wanted = new Map<string, DesiredRoute>();

  /**
   * @param router the system's routing table
   * @param interfaceName the tunnel's interface
   * @param now milliseconds on a monotonic clock
   */
  constructor(
    router: Pick<Router, "addRoutes" | "removeRoutes" | "listMissing">,
    readonly interfaceName: string,
    now?: () => number,
  ) {
    this.#kept = new ManagedRoutes(router, interfaceName, log, now);
  }

  /** See {@linkcode ManagedRoutes.detectDrift}. */
  async detectDrift(): Promise<void> {
    await this.#kept.detectDrift();
  }

  /** Milliseconds until a route that was taken away is to be put back; undefined where none waits. */
  get nextDeadline(): number | undefined {
    return this.#kept.nextDeadline;
  }

  /** Applies these routes and no others, as {@linkcode ManagedRoutes.apply} does. */
  async apply(wanted: readonly DesiredRoute[], until?: AbortSignal): Promise<void> {
    this.#wanted = new Map(wanted.map((route) => [formatPrefix(route.prefix), route]));
    await this.#kept.apply(wanted, until);
  }

  /**
   * Removes every route.
   *
   * @param until when it is aborted, what is left goes with the interface
   */
  async clear(until?: AbortSignal): Promise<void> {
    await this.apply([], until);
  }

  /** Every wanted route and its state. */
  get status(): RouteStatus[] {
    return this.#kept.all.map((route) => this.#statusOf(route));
  }

  #statusOf({ prefix, isActive, fault }: RouteState): RouteStatus {
    const key = formatPrefix(prefix);
    const { source = "config", network } = this.#wanted.get(key) ?? {};
    return {
      prefix: key,
      source,
      ...network === undefined ? {} : { network },
      state: isActive ? "active" : "failed",
      ...fault === undefined ? {} : { fault },
    };
  }
}
